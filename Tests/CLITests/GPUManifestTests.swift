import Foundation
import Testing

/// `dsl gpu validate` and `dsl gpu schedule` from outside, and what goes to Kubernetes.
@Suite struct GPUManifestTests {
  static let examples = Shell.root.appendingPathComponent("examples/gpu").path

  @Test func theDefinitionsAreTheOnesOfThisBinary() throws {
    let outcome = try Shell()("dsl gpu validate --crd")
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome)")
    try expectGolden(outcome.out, "../../../examples/kubernetes/crd/neuronetes.yaml")
  }

  /// The CRDs are structural schemas, and hold documents as the API server does: valid ones pass, and each of the broken ones
  /// fails at its field.
  @Test(
    .enabled(
      if: Shell.python(with: "jsonschema") != nil && Shell.python(with: "yaml") != nil,
      "jsonschema and pyyaml are not in .build/venv: ci/setup installs them"))
  func samplesAreValidAgainstTheDefinitions() throws {
    let python = try #require(Shell.python(with: "jsonschema"))
    let shell = try Shell()
    try shell.write(
      "check.py",
      Array(
        """
        import copy, sys, yaml
        from jsonschema import Draft202012Validator
        kinds = {}
        FORBIDDEN = {"definitions", "dependencies", "deprecated", "discriminator", "id", "patternProperties", "readOnly", "writeOnly",
                     "xml", "$ref", "uniqueItems"}
        TYPES = ("object", "array", "string", "integer", "number", "boolean")
        def structural(node, path, inner=False):
            # What the API server asks of a schema: Kubernetes, Custom Resources, "Specifying a structural schema".
            assert not FORBIDDEN & node.keys(), (path, FORBIDDEN & node.keys())
            if inner:
                assert not {"type", "description", "default", "additionalProperties", "nullable"} & node.keys(), path
            else:
                is_free = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
                assert is_free or node.get("type") in TYPES, path
            extra = node.get("additionalProperties")
            assert extra is None or isinstance(extra, dict) and "properties" not in node, path
            if "default" in node: Draft202012Validator(node).validate(node["default"])
            children = [(f".{k}", v, inner) for k, v in node.get("properties", {}).items()]
            children += [(".*", extra, inner)] if extra else []
            children += [("[]", node["items"], inner)] if node.get("type") == "array" else []
            children += [(f".{word}", v, True) for word in ("allOf", "anyOf", "oneOf") for v in node.get(word, [])]
            children += [(".not", node["not"], True)] if "not" in node else []
            for name, child, is_inner in children: structural(child, path + name, is_inner)
        for crd in yaml.safe_load_all(open(sys.argv[1])):
            spec = crd["spec"]
            assert crd["metadata"]["name"] == spec["names"]["plural"] + "." + spec["group"]
            schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
            structural(schema, spec["names"]["kind"])
            def strict(node):
                if isinstance(node, dict):
                    if node.get("type") == "object" and "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
                        node.setdefault("additionalProperties", False)
                    for child in node.values(): strict(child)
                elif isinstance(node, list):
                    for child in node: strict(child)
            strict(schema)
            schema["properties"]["metadata"] = {"type": "object"}
            Draft202012Validator.check_schema(schema)
            kinds[spec["names"]["kind"]] = Draft202012Validator(schema)
        count = 0
        for path in sys.argv[2:]:
            for document in yaml.safe_load_all(open(path)):
                errors = [f"{e.json_path} {e.message}" for e in kinds[document["kind"]].iter_errors(document)]
                assert not errors, (path, document["metadata"]["name"], errors)
                count += 1
        broken = [("AgentPool", "minReplicas", -1), ("AgentPool", "migProfile", "9g.5gb"), ("Model", "size", "140GB"),
                  ("Model", "quantization", "int2"), ("AgentClass", "temperature", 3), ("ToolBinding", "type", "pipe"),
                  ("AgentPool", "maxReplica", 3)]
        documents = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[2]))}
        for kind, field, value in broken:
            document = copy.deepcopy(documents[kind])
            document["spec"][field] = value
            assert list(kinds[kind].iter_errors(document)), (kind, field)
        print(count)
        """.utf8))
    let manifests = "'\(Self.examples)/manifests.yaml'"
    let outcome = try shell(
      "dsl gpu validate --crd > crd.yaml && dsl gpu validate \(manifests) --canonical > canonical.yaml && '\(python)' check.py crd.yaml \(manifests) canonical.yaml"
    )
    #expect(outcome.status == 0 && outcome.out == "14\n", "\(outcome)")
  }

  @Test func theCanonicalFormIsAFixedPoint() throws {
    let outcome = try Shell()(
      """
      dsl gpu validate '\(Self.examples)/manifests.yaml' --canonical > a && dsl gpu validate a --canonical > b && cmp a b
      dsl gpu validate a --format json | jq -r '.manifests[].kind' | sort | uniq -c | tr -s ' '
      """)
    #expect(
      outcome.status == 0 && outcome.out == " 2 AgentClass\n 2 AgentPool\n 2 Model\n 1 ToolBinding\n",
      "\(outcome)")
  }

  @Test func manifestsBecomeBindingsAndPatches() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      cp '\(Self.examples)'/*.yaml .
      dsl gpu schedule -f manifests.yaml --cluster cluster.yaml --profile profile.yaml --replicas retriever=3 \\
        --headroom retriever=120 --patches out --format json
      """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome)")
    let data = try outcome.json()
    let replicas = try #require(data["replicas"] as? [[String: Any]])
    #expect(
      replicas.map { $0["workload"] as? String ?? "" } == [
        "code-assistant-0", "code-assistant-1", "retriever-0", "retriever-1", "retriever-2",
      ])
    let places = replicas.map { replica -> Set<String> in
      let placement = replica["placement"] as? [String: Any]
      return Set((placement?["bindings"] as? [[String: Any]] ?? []).compactMap { $0["node"] as? String })
    }
    #expect(places == [["dgx-0"], ["dgx-0"], ["edge"], ["edge"], ["edge"]])
    #expect(
      data["refused"] as? Int == 0
        && abs((data["cost_per_hour"] as? Double ?? 0) - (25.6 + 3 * 1.1 / 2 / 7)) < 0.01)
    #expect(try shell("ls out | wc -l | tr -d ' '").out == "11\n")
  }

  @Test(.enabled(if: Shell.has("kubectl"), "there is no kubectl")) func kubectlTakesThePatches() throws {
    let outcome = try Shell()(
      """
      cp '\(Self.examples)'/*.yaml . && dsl gpu schedule --manifests manifests.yaml --cluster cluster.yaml --patches out > /dev/null
      cat > pod.yaml <<'END'
      apiVersion: v1
      kind: Pod
      metadata: {name: code-assistant-0-1}
      spec: {schedulingGates: [{name: dsl.io/placement}], containers: [{name: main, image: agent}]}
      END
      kubectl patch --local -f pod.yaml --type=merge --patch-file out/code-assistant-0-1.json -o json |
        jq -c '[.spec.nodeSelector, .spec.schedulingGates, .metadata.annotations]'
      """)
    #expect(
      outcome.out
        == """
        [{"kubernetes.io/hostname":"dgx-0"},null,{"dsl.io/gpus":"1","dsl.io/member":"1",\
        "dsl.io/members":"4","dsl.io/pool":"code-assistant","dsl.io/workload":"code-assistant-0"}]

        """, "\(outcome)")
  }

  @Test func whatHasNoPlaceIsRefusedAndExplained() throws {
    let shell = try Shell()
    let outcome = try shell(
      """
      cp '\(Self.examples)'/*.yaml .
      dsl gpu schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-assistant=4 --replicas retriever=2
      """)
    #expect(outcome.status == 1 && outcome.out.contains("code-assistant-3-3"), "\(outcome)")
    #expect(
      outcome.out.contains("retriever-0")
        && outcome.out.contains("refused: nodes kept out: 1 by spot, 2 by gpu-type"))
    let why = try shell(
      "dsl gpu explain retriever-0 --manifests manifests.yaml --cluster cluster.yaml --format json | jq -r '.nodes[2].reason'"
    )
    #expect(why.out == "spot needs 100 ms of SLO headroom, none is measured\n", "\(why)")
  }

  @Test(arguments: [
    ("validate", 64, "name a file, or ask"),
    ("validate bad.yaml", 65, "bad.yaml:4:9: metadata.name: expected a name of small letters"),
    (
      "schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-asistant=1", 4,
      "did you mean \"code-assistant\"?"
    ),
    (
      "schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-assistant=9", 65,
      "the pool has at most 4"
    ),
    (
      "schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-assistant", 65,
      "expected pool=number"
    ),
    (
      "explain nothing-0 --manifests manifests.yaml --cluster cluster.yaml", 4,
      "there is no replica \"nothing-0\""
    ),
    ("explain x --cluster cluster.yaml", 65, "x asks for nothing"),
  ]) func badInputIsNamed(call: String, status: Int, message: String) throws {
    let outcome = try Shell()(
      """
      cp '\(Self.examples)'/*.yaml .
      printf 'apiVersion: neuronetes.io/v1alpha1\\nkind: Model\\nmetadata:\\n  name: Big\\nspec: {weightsURI: u, size: 1G}\\n' > bad.yaml
      dsl gpu \(call)
      """)
    #expect(outcome.status == status && outcome.err.contains(message), "\(outcome)")
  }
}
