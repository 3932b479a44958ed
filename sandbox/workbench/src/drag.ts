import type { JSX } from "preact";

/** What can be picked up on this table. */
export type Thing = "card" | "phone";

const typeOf = (thing: Thing): string => `application/x-workbench-${thing}`;

/** Makes an element draggable as that thing. */
export function draggable(thing: Thing, id: string, can = true): JSX.HTMLAttributes<HTMLElement> {
  return {
    draggable: can,
    onDragStart: (event) => {
      event.dataTransfer?.setData(typeOf(thing), id);
      document.body.dataset.dragging = thing;
    },
    onDragEnd: () => {
      delete document.body.dataset.dragging;
    },
  };
}

/** Makes an element take that thing. `data-takes` lets the style light it up while one is in the air. */
export function takes(thing: Thing, drop: (id: string) => void): JSX.HTMLAttributes<HTMLElement> & { "data-takes": string } {
  return {
    "data-takes": thing,
    onDragOver: (event) => {
      if (event.dataTransfer?.types.includes(typeOf(thing)) === true) event.preventDefault();
    },
    onDrop: (event) => {
      const id = event.dataTransfer?.getData(typeOf(thing));
      delete document.body.dataset.dragging;
      if (id === undefined || id === "") return;
      event.preventDefault();
      drop(id);
    },
  };
}
