import Coordination
import DSLBase
import Glibc

// dsl-bench scan DIR none|readOnly|readWrite: one scan and nothing else, to be timed from outside beside the C programs in
// ci/bench.
// dsl-bench queue DIR COUNT BATCH: see QueueBenchmark.
// dsl-bench journal DIR CYCLES: see JournalBenchmark.
// dsl-bench policy NAME RUNS: see PolicyBenchmark.
// dsl-bench sim: see SimBenchmark.
// dsl-bench sim-table TRAININGS EPISODES: see SimTable.
// dsl-bench nab FOLDER: see AnomalyBenchmark.
// dsl-bench noise: see NoiseBenchmark.
// dsl-bench gpu-preemption NODES PODS SEEDS: see PreemptionBenchmark.
// dsl-bench gpu-cluster NODES PODS COPIES: see ClusterBenchmark.
// dsl-bench ingest FOLDER DIR SPANS PER: see IngestBenchmark.

let uses: [String: IndexUse] = ["none": .none, "readOnly": .readOnly, "readWrite": .readWrite]
let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "sim" {
  try SimBenchmark.run()
  exit(0)
}
if arguments.count == 2, arguments[1] == "noise" {
  try NoiseBenchmark.run()
  exit(0)
}
if arguments.count == 4, arguments[1] == "sim-table", let trainings = Int(arguments[2]),
  let episodes = Int(arguments[3]), trainings > 0, episodes > 0
{
  try SimTable.run(trainings: trainings, episodes: episodes)
  exit(0)
}
if arguments.count == 5, arguments[1] == "gpu-preemption", let seeds = UInt64(arguments[4]), seeds > 0 {
  try PreemptionBenchmark.run(nodes: arguments[2], pods: arguments[3], seeds: seeds)
  exit(0)
}
if arguments.count == 5, arguments[1] == "gpu-cluster", let copies = Int(arguments[4]), copies > 0 {
  try ClusterBenchmark.run(nodes: arguments[2], pods: arguments[3], copies: copies)
  exit(0)
}
if arguments.count == 3, arguments[1] == "nab" {
  try AnomalyBenchmark.run(folder: arguments[2])
  exit(0)
}
if arguments.count == 6, arguments[1] == "ingest", let spans = Int(arguments[4]), let per = Int(arguments[5])
{
  try IngestBenchmark.run(folder: arguments[2], directory: arguments[3], spans: spans, per: per)
  exit(0)
}
if arguments.count == 5, arguments[1] == "queue", let count = Int(arguments[3]), let batch = Int(arguments[4])
{
  try QueueBenchmark.run(path: arguments[2], count: count, batch: batch)
  exit(0)
}
if arguments.count == 4, let count = Int(arguments[3]), ["journal", "policy"].contains(arguments[1]) {
  if arguments[1] == "journal" {
    try JournalBenchmark.run(path: arguments[2], cycles: count)
  } else {
    try PolicyBenchmark.run(policy: arguments[2], runs: count)
  }
  exit(0)
}
guard arguments.count == 4, arguments[1] == "scan", let use = uses[arguments[3]] else {
  puts(
    "usage: dsl-bench scan DIR none|readOnly|readWrite | queue DIR COUNT BATCH | journal DIR CYCLES | policy NAME RUNS | sim"
      + " | sim-table TRAININGS EPISODES"
      + " | gpu-preemption NODES PODS SEEDS | gpu-cluster NODES PODS COPIES | nab FOLDER | noise | ingest FOLDER DIR SPANS PER"
  )
  exit(64)
}
let directory = CoordinationDirectory(path: arguments[2], files: PosixFileSystem())
let scanner = DirectoryScanner(
  directory: directory, limits: RecordLimits(), now: SystemTime().now, assumedOffset: 0)
let snapshot = try scanner.scan(index: use)
puts(
  "state=\(snapshot.state) agents=\(snapshot.agentCount) live=\(snapshot.liveWork) "
    + "completed=\(snapshot.completedCount) telemetry=\(snapshot.telemetryVolume) problems=\(snapshot.problemCount) "
    + "read=\(snapshot.filesRead) index=\(snapshot.usedIndex) notes=\(snapshot.indexNotes)")
