import { expect, test } from "vitest";
import { maskAccountNumber, maskAddress, maskName } from "./mask.ts";

test.each([
  ["李小明", "**明"],
  ["张三", "*三"],
  ["李", "*"],
  ["", ""],
  ["𠮷田", "*田"],
])("name %s shows as %s", (name, shown) => expect(maskName(name)).toBe(shown));

test.each([
  ["031140086", "031****86"],
  ["0311400", "031**00"],
  ["031140", "****40"],
  ["1", "*"],
])("account number %s shows as %s", (number, shown) => expect(maskAccountNumber(number)).toBe(shown));

test.each([
  ["秦淮人家6号楼3单元501室", "501室", "秦淮人家*号楼*单元**1室"],
  ["秦淮人家6号楼3单元501室", "501", "秦淮人家*号楼*单元**1室"],
  ["阳光小区十二号楼B座1单元1201", "1201", "阳光小区**号楼*座*单元***1"],
  ["建设路５号", "", "建设路*号"],
  ["建设路5号", "别墅", "建设路*号"],
  ["东街门面房", "门面房", "东街**房"],
])("address %s, room %s shows as %s", (address, room, shown) => expect(maskAddress(address, room)).toBe(shown));
