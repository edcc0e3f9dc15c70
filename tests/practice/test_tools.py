"""Tools are read in both forms in which a prompt may tell them."""

from tray_app.practice.tools import offered

TYPED = """# Tools

<tools>
// Writes a file.
//
// Never a folder </tools>
function write(args: {
  // The absolute path
  path: string,
  content: string | null,
  mode?: "a" | "b",
  // minimum 1
  size: number | 7,
  tags: Tag[],
  more: (string | number)[],
  rest: {[key: string]: boolean},
  "odd name": {"type": "string", "not": {"const": "x"}},
  flag: true,
  inner: {deep?: {}}
})
type Tag = {
  // What it is called.
  name: string
}

function nothing(args: {})

// Takes what comes.
function anything(args: any)
</tools>

For each function call, return a json object."""


def test_functions_with_types_are_read_as_schemas() -> None:
    write, nothing, anything = offered(TYPED)

    assert write.name == "write"
    assert write.description == "Writes a file.\n\nNever a folder </tools>"
    properties = write.schema["properties"]
    assert properties["path"] == {"type": "string", "description": "The absolute path"}
    assert properties["content"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert properties["mode"] == {"enum": ["a", "b"]}
    assert properties["size"]["anyOf"] == [{"type": "number"}, {"const": 7}]
    assert properties["tags"] == {"type": "array", "items": {"$ref": "#/$defs/Tag"}}
    assert properties["more"]["items"]["anyOf"] == [{"type": "string"}, {"type": "number"}]
    assert properties["odd name"] == {"type": "string", "not": {"const": "x"}}
    assert properties["flag"] == {"const": True}
    assert properties["inner"]["properties"]["deep"]["type"] == "object"
    assert set(properties) - set(write.schema["required"]) == {"mode"}
    assert write.schema["$defs"]["Tag"]["required"] == ["name"]
    assert (nothing.name, nothing.schema["properties"], nothing.description) == ("nothing", {}, "")
    assert (anything.schema, anything.description) == ({}, "Takes what comes.")


def test_json_lines_are_read_and_the_last_block_counts() -> None:
    text = (
        '<tools>\n{"name": "old"}\n</tools>\n\nwithin <tools></tools> XML tags:\n<tools>\n'
        '{"type": "function", "function": {"name": "a", "description": null, "parameters": {}}}\n'
        '{"type": "function", "function": {"name": "b", "parameters": {"type": "object"}}}\n'
        "{not json}\n</tools>\n"
    )

    assert [(tool.name, tool.schema) for tool in offered(text)] == [
        ("a", {}), ("b", {"type": "object"})
    ]  # fmt: skip


def test_words_alone_offer_no_tools() -> None:
    assert offered("Use <tools>.\n</tools>") == ()
    assert offered("<tools>\nnothing here\n</tools>") == ()
