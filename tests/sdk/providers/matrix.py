"""docs/providers.md out of the conformance runs.

    matrix.py            prints it
    matrix.py --write    writes it
"""

import sys
from collections import Counter

from conformance import ROOT, Failed, Run, catalog

PAGE = ROOT / "docs/providers.md"
HEAD = """# Providers

Made by `scripts/provider-matrix` from the conformance runs; a test fails when it is not what they give.

A run is the built binary as a client of one kind of provider, simulated on loopback: chat, a stream, tool calls and
their results, a JSON schema, embeddings, every error that the vendor is known to send, its rate-limit headers, and
the tokens that the request log has of it all. The simulated vendor refuses a request with a wrong path or
credential, or of a wrong shape by the types of the vendor's own SDK (column "held against"; top-level fields that
those do not know are listed below); its answers are the fixtures in `tests/wire/providers/`, each with its source.
No run calls a real provider: what is said here of one is as good as those sources. "verified" is the day on which
base URL, auth and quirks were compared with the vendor's documents.

"yes" is what a run has shown. `llmgw models --kinds` lists the kinds, [credentials.md](credentials.md) how each cloud
is authorized.

"""
COLUMNS = ("kind", "dialects", "chat", "stream", "tools", "schema", "embeddings", "usage", "errors", "auth",
           "limit headers", "held against", "verified")


# Beside the key's own scheme.
IDENTITIES = {"azure": "Entra", "bedrock": "API key", "vertex": "service account, ADC"}


def word(flag):
    return "yes" if flag else "–"


def dialects(row):
    return ", ".join(d for d in row["dialects"] if d != "openai-other")


def limit_headers(row):
    return [v for name in ("request_limit_headers", "token_limit_headers") for v in row[name].values()]


def table_row(row, result):
    auth = ", ".join(filter(None, (row["auth"], IDENTITIES.get(row["kind"]))))
    cells = (f"[{row['kind']}](#{row['kind']})", dialects(row), "yes", "yes", word(result["tools"]), "yes",
             word(result["embeddings"]), "yes", str(len(result["errors"]) or "–"), auth, word(limit_headers(row)),
             ", ".join(result["checked_by"]), row["verified"])
    return "| " + " | ".join(cells) + " |"


def error_lines(errors):
    """One line a class: which statuses and codes come to it."""
    lines = []
    for name in sorted({e[2] for e in errors}):
        shapes = Counter(f"{status} `{code}`" if code else str(status) for status, code, error_class, _ in errors
                         if error_class == name)
        lines.append(f"  - {name}: " + ", ".join(sorted(shapes)))
    return lines


def section(row, result):
    url = row["base_url"] or "of the config"
    elsewhere = f", chat completions at `{row['openai_url']}`" if "openai_url" in row else ""
    lines = [f"## {row['kind']}", "", f"{row['label']}. Base URL `{url}`{elsewhere}."]
    if row["env"]:
        lines[-1] += " Key: " + " or ".join(f"`{name}`" for name in row["env"]) + "."
    lines.append("")
    if row["missing"]:
        lines.append(f"- missing: {row['missing']}")
    if result["unsupported"]:
        lines.append(f"- tools: not of this vendor's; {result['unsupported']}")
    refused = [f"`{name}`" + (f" (as `{to}`)" if to else "") for name, to in row["refused_fields"].items()]
    if refused:
        lines.append("- never sent, as it refuses them: " + ", ".join(refused))
    if result["beyond"]:
        lines.append("- sent, though its SDK's types do not know them: " + ", ".join(f"`{n}`" for n in result["beyond"]))
    if names := limit_headers(row):
        lines.append("- limits are read from " + ", ".join(f"`{n}`" for n in names))
    if result["errors"]:
        unverified = sum(source.startswith("unverified") for *_, source in result["errors"])
        doubt = f", {unverified} unverified" if unverified else ""
        lines.append(f"- errors ({len(result['errors'])} shapes{doubt}):")
        lines += error_lines(result["errors"])
    sources = sorted({s for s in result["sources"] if not s.startswith("unverified")})
    lines.append("- replies as in: " + ("; ".join(sources) if sources else "no source at hand, OpenAI's shape") +
                 ("" if len(sources) == len(result["sources"]) or not sources else "; others unverified"))
    lines.append("- documents: " + "; ".join(x for x in (row["docs"], row["errors_docs"]) if x))
    return "\n".join(lines) + "\n"


def page(rows, results):
    """The whole page; a row without a result is the built-in simulator."""
    lines = [HEAD + "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    run = [row for row in rows if row["kind"] in results]
    lines += [table_row(row, results[row["kind"]]) for row in run]
    lines.append("")
    lines.append("Unverified fixtures are those without a source at hand: they have OpenAI's shape with the fields that\n"
                 "the vendor is commonly seen to add.")
    lines.append("")
    lines += [section(row, results[row["kind"]]) for row in run]
    return "\n".join(lines)


def run_all(rows):
    """Results by kind, and what failed."""
    results, faults = {}, []
    for row in rows:
        if row["kind"] == "mock":  # built in: docs/mock.md
            continue
        run = Run(row)
        try:
            results[row["kind"]] = run.result()
        except Failed as failed:
            faults.append(f"{row['kind']}: {failed}")
        finally:
            run.close()
    return results, faults


def main():
    rows = catalog()
    results, faults = run_all(rows)
    if faults:
        sys.exit("\n".join(faults))
    text = page(rows, results)
    if "--write" in sys.argv:
        PAGE.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
