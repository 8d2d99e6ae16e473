"""Prints what pip shall install, from Pipfile.lock or pyproject.toml, one requirement a line."""
import json
import sys

name = sys.argv[1]
try:
    if name == "Pipfile.lock":
        with open(name, encoding="utf-8") as file:
            for package, facts in sorted(json.load(file).get("default", {}).items()):
                extras = "[" + ",".join(facts["extras"]) + "]" if facts.get("extras") else ""
                line = package + extras + facts.get("version", "")
                if facts.get("git"):
                    line = f"{package}{extras} @ git+{facts['git']}@{facts.get('ref', 'HEAD')}"
                if facts.get("markers"):
                    line += " ; " + facts["markers"]
                hashes = "".join(f" --hash={h}" for h in facts.get("hashes", []))
                print(line + (hashes if all(f.get("hashes") for f in [facts]) else ""))
    else:
        import tomllib

        with open(name, "rb") as file:
            project = tomllib.load(file)
        if "poetry" in project.get("tool", {}) and "project" not in project:
            sys.exit(" !     Poetry's own dependency table is not read: run poetry export -o requirements.txt and commit the file.")
        for line in project.get("project", {}).get("dependencies", []):
            print(line)
except (ValueError, AttributeError, TypeError) as problem:
    sys.exit(f" !     {name} cannot be read: {problem}")
