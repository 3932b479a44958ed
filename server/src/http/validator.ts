/** Checks requests against their schemas. What comes as text (path, query, headers) is converted; bodies are not. */
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  return (value: unknown) => {
    // A body of another type than declared is a mistake of the caller; "7" for 7 would hide it.
    const given = httpPart === "body" ? value : Value.Convert(schema, Value.Default(schema, Value.Clone(value)));
    if (check.Check(given)) return { value: given };
    const [first] = check.Errors(given);
    return { error: new Error(`${first?.instancePath ?? ""} ${first?.message ?? "is not as described"}`.trim()) };
  };
};
