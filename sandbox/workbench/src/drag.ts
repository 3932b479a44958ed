/** What can be picked up on this table. */
export type Thing = "card" | "phone";

const typeOf = (thing: Thing): string => `application/x-workbench-${thing}`;

interface Draggable {
  draggable: boolean;
  onDragStart(event: DragEvent): void;
  onDragEnd(): void;
}

interface Taking {
  "data-takes": Thing;
  onDragOver(event: DragEvent): void;
  onDrop(event: DragEvent): void;
}

/** Makes an element draggable as that thing. */
export function draggable(thing: Thing, id: string, can = true): Draggable {
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
export function takes(thing: Thing, drop: (id: string) => void): Taking {
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
