const routes = document.getElementById("routes");
const find = document.getElementById("find");

/** An element with text; text never becomes markup. */
function make(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

/** A schema as the shape of its JSON, short enough to read. */
function shape(schema, depth = 0) {
  const pad = "  ".repeat(depth + 1);
  if (!schema || typeof schema !== "object") return "any";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map((part) => shape(part, depth)).join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => shape(part, depth)).join(" & ");
  if (schema.type === "array") return `[${shape(schema.items, depth)}]`;
  if (schema.type === "object" && schema.properties) {
    const required = new Set(schema.required ?? []);
    const lines = Object.entries(schema.properties).map(([name, part]) => {
      const note = part.description ? `  // ${part.description}` : "";
      return `${pad}${name}${required.has(name) ? "" : "?"}: ${shape(part, depth + 1)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  return [schema.type ?? "any", schema.format].filter(Boolean).join(" ");
}

function contentOf(part) {
  return Object.values(part?.content ?? {})[0]?.schema;
}

function operation(method, path, what) {
  const details = make("details");
  details.dataset.text = `${method} ${path} ${what.summary ?? ""}`.toLowerCase();
  details.append(make("summary", "", make("b", method.toUpperCase()), make("code", path), make("span", what.summary)));
  if (what.description) details.append(make("p", what.description));
  for (const parameter of what.parameters ?? []) {
    const need = parameter.required ? "" : "?";
    details.append(make("p", `${parameter.in} ${parameter.name}${need}: ${shape(parameter.schema)}`));
  }
  const body = contentOf(what.requestBody);
  if (body) details.append(make("p", "请求 · Request"), make("pre", shape(body)));
  for (const [status, answer] of Object.entries(what.responses ?? {})) {
    const schema = contentOf(answer);
    details.append(make("p", `回答 · Answer ${status}`));
    if (schema) details.append(make("pre", shape(schema)));
  }
  return details;
}

function draw(description) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, what] of Object.entries(methods)) {
      const tag = what.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), operation(method, path, what)]);
    }
  }
  routes.replaceChildren();
  for (const [tag, operations] of groups) routes.append(make("section", "", make("h2", tag), ...operations));
}

find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  for (const details of routes.querySelectorAll("details")) details.hidden = !details.dataset.text.includes(wanted);
});

fetch("/api/v1/openapi.json")
  .then((response) => response.json())
  .then(draw)
  .catch(() => {
    routes.textContent = "读不到接口说明。The description can't be read.";
  });
