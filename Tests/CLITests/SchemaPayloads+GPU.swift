extension SchemaPayloads {
  /// Those of `dsl gpu`.
  static let gpu = [
    Payload(
      "gpu-simulate",
      GPUTests.trace
        + """
        { echo workload,sc_policy,tune,seed,total_gpus,$(seq -s, 0 130)
          echo pods,06-FGD,1.3,1,6,$(seq -s, 0 130 | sed 's/[0-9]*/50.5/g'); } > published.csv
        dsl --json gpu simulate --nodes nodes.csv --pods pods.csv --published published.csv
        """ + "\n" + GPUTests.departures
        + "dsl --json gpu simulate --nodes few.csv --pods lives.csv --departures --preemption none --preemption kube\n"
        + "dsl --json gpu simulate --nodes few.csv --pods lives.csv --departures --copies 3 --load 1 --back-off 5m"
    ),
    Payload("gpu-bench", GPUTests.trace + "dsl --json gpu bench --nodes nodes.csv --pods pods.csv"),
    Payload(
      "gpu-mig-layouts",
      "dsl --json gpu mig layouts; dsl --json gpu mig layouts --model h200-141 --profiles 7g.141gb,1g.18gb+me"
    ),
    Payload(
      "gpu-mig-plan",
      """
      dsl --json gpu mig plan --want 7g.80gb
      dsl --json gpu mig plan --have 3g.40gb@0:running=2.5,1g.10gb@5 --want 4g.40gb,2g.20gb --drain
      """),
    Payload(
      "gpu-nodes",
      GPUClusterTests.cluster
        + """
        dsl --json gpu nodes --cluster c.yaml
        dsl --json gpu nodes --cluster '\(GPUClusterTests.data)/kubectl-nodes-pods.json'
        """),
    Payload(
      "gpu-discover",
      """
      dsl --json gpu discover --query '\(GPUClusterTests.data)/smi-dgx-h100.xml' \\
        --matrix '\(GPUClusterTests.data)/topo-dgx-h100.txt'
      dsl --json gpu discover --query '\(GPUClusterTests.data)/smi-a100-mig.xml' --cpu 8 --memory 64Gi
      """),
    Payload(
      "gpu-place",
      GPUClusterTests.cluster
        + """
        dsl --json gpu place w --cluster c.yaml --gpus 4 --locality nvlink --required
        dsl --json gpu place w --cluster c.yaml --mig 3g.20gb --spot
        dsl --json gpu place w --cluster c.yaml --gpus 8 --members 2
        dsl --json gpu place w --cluster c.yaml --gpus 8 --members 2 --priority 9 --preempt
        dsl --json gpu place w --cluster c.yaml --gpus 2 --cpu 60 --spot --type A100 --move
        """),
    Payload(
      "gpu-explain",
      GPUClusterTests.cluster
        + """
        dsl --json gpu explain w --cluster c.yaml --milli 300
        dsl --json gpu explain w --cluster c.yaml --gpus 8 --members 2 --priority 9
        dsl --json gpu explain train --cluster c.yaml
        echo 'policy: fgd' > p.yaml
        dsl --json gpu explain w --cluster c.yaml --milli 300 --profile p.yaml
        dsl --json gpu explain w --cluster c.yaml --gpus 3 --cpu 64 --spot --type A100
        """),
    Payload(
      "gpu-reclaim",
      GPUReclaimTests.cluster
        + """
        dsl --json gpu reclaim --cluster c.yaml
        dsl --json gpu reclaim --cluster c.yaml --above 99 --gangs gangs.json --profile p.yaml
        sleep 0.1
        dsl --json gpu reclaim --cluster c.yaml --gangs gangs.json --profile p.yaml
        dsl --json gpu reclaim --cluster c.yaml --above 100 --below 100
        """),
    Payload(
      "gpu-validate",
      """
      dsl --json gpu validate '\(GPUManifestTests.examples)/manifests.yaml'
      dsl --json gpu validate '\(GPUManifestTests.examples)/manifests.yaml' --canonical --crd
      """),
    Payload(
      "gpu-schedule",
      """
      cp '\(GPUManifestTests.examples)'/*.yaml .
      dsl --json gpu schedule --manifests manifests.yaml --cluster cluster.yaml
      dsl --json gpu schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-assistant=4 --replicas retriever=1
      echo 'running: [{workload: old, node: dgx-0, gpus: [0], cpu: 1}]' >> cluster.yaml
      dsl --json gpu schedule --manifests manifests.yaml --cluster cluster.yaml --replicas code-assistant=4 --preempt
      """),
    Payload("gpu-mig-sweep", "dsl --json gpu mig sweep --gpus 2 --requests 100 --loads 120 --seed 1"),
  ]
}
