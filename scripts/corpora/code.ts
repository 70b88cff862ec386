import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { fill, list, type Phrases, share } from "./phrases.js";
import type { Random } from "./random.js";

const names: Phrases = {
  thing: list(
    "parcel / ticket / sensor / invoice / recipe / route / player / session / sample / booking / message / tree / ledger / voucher / crate / lesson / orbit / pixel",
  ),
  field: list("weight / price / count / status / label / depth / score / owner / length / priority / offset / rate"),
  verb: list(
    "collect / merge / filter / rank / encode / validate / group / resolve / flatten / compare / reduce / trim",
  ),
  word: list("amber / birch / cobalt / delta / ember / fjord / garnet / hazel / indigo / juniper / krill / lagoon"),
};

/** Programs in several languages, with slots to fill. `Thing` is `thing` capitalized. */
const programs = [
  'def {verb}_{thing}s({thing}s, limit={2-99}):\n    """Return the {thing}s whose {field} is below the limit."""\n    result = []\n    for {thing} in {thing}s:\n        if {thing}.{field} is None:\n            continue\n        if {thing}.{field} < limit:\n            result.append({thing})\n    return sorted(result, key=lambda item: item.{field})\n',
  "export function {verb}{Thing}s({thing}s: readonly {Thing}[]): Map<string, {Thing}[]> {\n  const groups = new Map<string, {Thing}[]>();\n  for (const {thing} of {thing}s) {\n    const known = groups.get({thing}.{field}) ?? [];\n    groups.set({thing}.{field}, [...known, {thing}]);\n  }\n  return groups;\n}\n",
  '#include <stdio.h>\n#include <stdlib.h>\n\nstruct {thing} {\n    int {field};\n    double {word};\n};\n\nstatic int compare(const void *a, const void *b)\n{\n    const struct {thing} *left = a, *right = b;\n    return (left->{field} > right->{field}) - (left->{field} < right->{field});\n}\n\nvoid {verb}(struct {thing} *items, size_t count)\n{\n    qsort(items, count, sizeof items[0], compare);\n    printf("%zu sorted, first %d\\n", count, count ? items[0].{field} : {1-99});\n}\n',
  "SELECT {thing}.{field}, COUNT(*) AS total\nFROM {thing}s AS {thing}\nJOIN {word} ON {word}.{thing}_id = {thing}.id\nWHERE {word}.{field} > {1-500}\nGROUP BY {thing}.{field}\nHAVING COUNT(*) >= {2-9}\nORDER BY total DESC\nLIMIT {5-50};\n",
  "use std::collections::HashMap;\n\n#[derive(Debug, Clone)]\npub struct {Thing} {\n    pub {field}: u32,\n    pub {word}: String,\n}\n\npub fn {verb}(items: &[{Thing}]) -> HashMap<u32, Vec<&{Thing}>> {\n    let mut by_{field} = HashMap::new();\n    for item in items.iter().filter(|item| item.{field} != {1-99}) {\n        by_{field}.entry(item.{field}).or_insert_with(Vec::new).push(item);\n    }\n    by_{field}\n}\n",
  'package main\n\nimport "fmt"\n\ntype {Thing} struct {\n\tName  string\n\tValue int\n}\n\nfunc {verb}({thing}s []{Thing}) (best {Thing}, err error) {\n\tif len({thing}s) == 0 {\n\t\treturn best, fmt.Errorf("no {thing} to {verb}")\n\t}\n\tbest = {thing}s[0]\n\tfor _, {thing} := range {thing}s[1:] {\n\t\tif {thing}.Value > best.Value {\n\t\t\tbest = {thing}\n\t\t}\n\t}\n\treturn best, nil\n}\n',
  'class {Thing}Store:\n    def __init__(self, path):\n        self.path = path\n        self._cache = {}\n\n    def load(self, key):\n        if key not in self._cache:\n            with open(self.path / f"{key}.json", encoding="utf-8") as file:\n                self._cache[key] = json.load(file)\n        return self._cache[key]\n\n    def forget(self, key):\n        self._cache.pop(key, None)  # at most {10-900} {thing}s at a time\n',
  "import java.util.*;\n\npublic final class {Thing}Queue {\n    private final Deque<Integer> waiting = new ArrayDeque<>();\n    private final int capacity = {8-512};\n\n    public synchronized boolean offer(int {field}) {\n        if (waiting.size() >= capacity) {\n            return false;\n        }\n        waiting.addLast({field});\n        notifyAll();\n        return true;\n    }\n}\n",
  '#!/bin/sh\n# {verb} all {thing} files that are older than {2-60} days\nset -eu\nfolder="{dollar}{1:-/var/lib/{word}}"\nfind "$folder" -name \'*.{thing}\' -mtime +{2-60} -print | while read -r file; do\n  gzip -9 "$file" && mv "$file.gz" "$folder/archive/"\ndone\necho "done: $(ls "$folder/archive" | wc -l) files"\n',
  '<section class="{word}">\n  <h2>{Thing} {1-99}</h2>\n  <dl>\n    <dt>{field}</dt><dd>{1-9000}</dd>\n    <dt>state</dt><dd><em>open</em></dd>\n  </dl>\n  <form action="/{thing}s/{1-9000}" method="post">\n    <label>New {field} <input name="{field}" type="number" min="{0-9}" max="{10-99}"></label>\n    <button type="submit">{verb}</button>\n  </form>\n</section>\n',
  "async function retry{Thing}(request, attempts = {2-9}) {\n  for (let attempt = 1; ; attempt++) {\n    try {\n      const response = await fetch(`/api/{thing}s/{dollar}{request.id}`);\n      if (!response.ok) throw new Error(`status {dollar}{response.status}`);\n      return await response.json();\n    } catch (error) {\n      if (attempt === attempts) throw error;\n      await new Promise((done) => setTimeout(done, {50-900} * attempt));\n    }\n  }\n}\n",
  "template <typename T>\nclass {Thing}Ring {\npublic:\n    explicit {Thing}Ring(std::size_t size) : items_(size) {}\n\n    void push(T value) {\n        items_[head_ % items_.size()] = std::move(value);\n        ++head_;\n    }\n\n    const T& at(std::size_t age) const { return items_[(head_ - 1 - age) % items_.size()]; }\n\nprivate:\n    std::vector<T> items_;\n    std::size_t head_ = {0-3};  // next {field} to write\n};\n",
  "CREATE TABLE {thing} (\n    id INTEGER PRIMARY KEY,\n    {word}_code CHAR({2-12}) NOT NULL UNIQUE,\n    {field} NUMERIC({4-12}, 2) DEFAULT {0-99},\n    created_at TIMESTAMP NOT NULL\n);\nCREATE INDEX {thing}_{field} ON {thing} ({field});\nUPDATE {thing} SET {field} = {field} * 1.{1-9} WHERE {word}_code LIKE '{word}%';\n",
  'import numpy as np\n\nrng = np.random.default_rng({1-9999})\n{word} = rng.normal(loc={1-50}, scale={1-9}, size=({2-9}, {10-200}))\nmeans = {word}.mean(axis=1)\nfor index, mean in enumerate(means):\n    print(f"{thing} {index}: {mean:.{1-4}f} +/- {{word}[index].std():.3f}")\nassert np.isfinite({word}).all()\n',
  'fn parse_{thing}(line: &str) -> Result<(String, f64), ParseError> {\n    let mut parts = line.splitn(2, \';\');\n    let name = parts.next().ok_or(ParseError::Missing("{field}"))?;\n    let value = parts.next().ok_or(ParseError::Missing("{word}"))?;\n    match value.trim().parse::<f64>() {\n        Ok(number) if number >= {0-9}.0 => Ok((name.to_owned(), number)),\n        Ok(number) => Err(ParseError::Range(number)),\n        Err(_) => Err(ParseError::Number(value.to_owned())),\n    }\n}\n',
  '(defun {verb}-{thing}s (items &optional (limit {2-99}))\n  "Keep the ITEMS whose {field} is at most LIMIT."\n  (loop for item in items\n        when (<= (getf item :{field}) limit)\n          collect (list* :{word} t item)))\n\n({verb}-{thing}s \'((:{field} {1-99}) (:{field} {1-99})))\n',
  "name: {verb}-{thing}s\non:\n  schedule:\n    - cron: '{0-59} {0-23} * * {0-6}'\njobs:\n  {word}:\n    runs-on: ubuntu-latest\n    timeout-minutes: {5-60}\n    steps:\n      - run: make {thing}\n      - run: ./bin/{verb} --{field} {1-999} --out build/{word}\n",
  "module {Thing} (step, settle) where\n\nimport Data.List (unfoldr)\n\n-- | One {field} after the other until nothing changes.\nstep :: Int -> Maybe (Int, Int)\nstep {field}\n  | {field} <= {0-3} = Nothing\n  | even {field} = Just ({field}, {field} `div` 2)\n  | otherwise = Just ({field}, 3 * {field} - {2-5})\n\nsettle :: Int -> [Int]\nsettle = takeWhile (< {100-9999}) . unfoldr step\n",
  'import pytest\n\nfrom {word}.{thing} import {verb}\n\n\n@pytest.mark.parametrize("{field}, expected", [({1-99}, {1-99}), ({1-99}, {1-99}), (0, 0)])\ndef test_{verb}_keeps_the_{field}({field}, expected):\n    assert {verb}({{field}: {field}})["{field}"] == expected\n\n\ndef test_{verb}_refuses_nothing():\n    with pytest.raises(ValueError, match="{thing}"):\n        {verb}(None)\n',
  'interface {Thing}Event {\n  readonly kind: "opened" | "moved" | "closed";\n  readonly {field}: number;\n}\n\nexport const reducer = (state: number, event: {Thing}Event): number => {\n  switch (event.kind) {\n    case "opened":\n      return state + event.{field};\n    case "moved":\n      return state === {0-9} ? state : -state;\n    case "closed":\n      return Math.max(0, state - event.{field});\n  }\n};\n',
  'FROM debian:stable-slim\nRUN apt-get update && apt-get install -y --no-install-recommends {word} && rm -rf /var/lib/apt/lists/*\nWORKDIR /srv/{thing}\nCOPY . .\nENV {WORD}_PORT={1024-9999} {WORD}_LEVEL=info\nEXPOSE {1024-9999}\nCMD ["./{verb}", "--{field}", "{1-99}"]\n',
  'public record {Thing}(string Name, decimal {Field});\n\npublic static class {Thing}Report\n{\n    public static IEnumerable<string> Lines(IEnumerable<{Thing}> items) =>\n        items.Where(item => item.{Field} > {1-900}m)\n             .OrderByDescending(item => item.{Field})\n             .Select((item, index) => $"{index + 1}. {item.Name}: {item.{Field}:N2}");\n}\n',
  "local {word} = {}\n\nfunction {word}.{verb}(items, wanted)\n  local found, total = {}, 0\n  for index, item in ipairs(items) do\n    if item.{field} == wanted then\n      found[#found + 1] = index\n      total = total + (item.{field} or {0-9})\n    end\n  end\n  return found, total\nend\n\nreturn {word}\n",
  ".{word}-{thing} {\n  display: grid;\n  grid-template-columns: {1-4}fr {1-4}fr;\n  gap: {1-3}rem;\n  color: hsl({0-360} {20-90}% {20-70}%);\n}\n\n@media (max-width: {320-1200}px) {\n  .{word}-{thing} {\n    grid-template-columns: 1fr;\n    padding: 0 {2-40}px {2-40}px;\n  }\n}\n",
  'diff --git a/src/{thing}.rb b/src/{thing}.rb\n--- a/src/{thing}.rb\n+++ b/src/{thing}.rb\n@@ -{1-99},6 +{1-99},8 @@ class {Thing}\n   def {verb}(values)\n-    values.map { |value| value * {2-9} }\n+    raise ArgumentError, "no {field}" if values.empty?\n+\n+    values.map { |value| value.fdiv({2-9}).round({1-4}) }\n   end\n end\n',
  'import SwiftUI\n\nstruct {Thing}View: View {\n    @State private var {field} = {0-99}\n    let {word}: [String]\n\n    var body: some View {\n        List({word}, id: \\.self) { name in\n            HStack {\n                Text(name)\n                Spacer()\n                Stepper("\\({field})", value: {dollar}{field}, in: 0...{100-900})\n            }\n        }\n    }\n}\n',
  "data class {Thing}(val id: Long, val {field}: Int?)\n\nsuspend fun {verb}(source: Flow<{Thing}>): Map<Int, Long> =\n    source.filter { it.{field} != null }\n        .take({10-999})\n        .toList()\n        .groupBy { it.{field}!! / {2-50} }\n        .mapValues { (_, items) -> items.sumOf { it.id } }\n",
] as const;

/** Returns one program; equal slots get equal names. */
export function program(use: CorpusUse, random: Random): string {
  const chosen = Object.fromEntries(Object.entries(names).map(([slot, pool]) => [slot, random.pick(share(pool, use))]));
  const upper = (text: string | undefined) => `${text?.charAt(0).toUpperCase()}${text?.slice(1)}`;
  const slots = {
    ...chosen,
    Thing: upper(chosen.thing),
    Field: upper(chosen.field),
    WORD: `${chosen.word?.toUpperCase()}`,
    // Before a brace it would match a slot of this program.
    dollar: "$",
  };
  const filled = random.pick(share(programs, use)).replace(/\{([A-Za-z]+)\}/g, (whole, slot: string) => {
    return (slots as Record<string, string>)[slot] ?? whole;
  });
  // Angle brackets are types and tags here, so only numbers are filled.
  return filled.replace(/\{(\d+)-(\d+)\}/g, (number) => fill(number, {}, random));
}
