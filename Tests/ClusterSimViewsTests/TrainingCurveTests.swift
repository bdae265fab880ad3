import ClusterSim
import DSLBase
import Testing

@testable import ClusterSimViews

/// Curves of trainings: files, and what several of them have in common.
@Suite struct TrainingCurveTests {
  private func run(_ rewards: [(Int, Double)]) -> TrainingRun {
    TrainingRun(
      name: "r",
      points: rewards.map { .init(episodes: $0.0, reward: $0.1, steps: 1, ooms: 0, failures: 0) })
  }

  @Test func theMeanOfThreeWithItsInterval() {
    let runs = [
      run([(100, 1), (200, 10)]), run([(100, 2), (200, 10)]), run([(100, 6), (200, 10), (300, 5)]),
    ]
    let band = CurveBand(runs, .reward)
    #expect(band.points.map(\.episodes) == [100, 200, 300])
    #expect(band.points.map(\.count) == [3, 3, 1])
    // Of 1, 2 and 6: mean 3, variance 14 / 2 = 7, error √(7/3) = 1.5275, t(2) = 4.303: half 6.5730.
    #expect(band.points[0].mean == 3)
    #expect(abs((band.points[0].low ?? .nan) - -3.5730) < 1e-3)
    #expect(abs((band.points[0].high ?? .nan) - 9.5730) < 1e-3)
    #expect((band.points[1].low, band.points[1].high) == (10, 10))
    #expect(band.points[2] == .init(episodes: 300, count: 1, mean: 5, low: nil, high: nil))
    #expect(CurveBand(runs, .steps).points[0].mean == 1)
  }

  @Test func manyTrainingsTakeTheNormalQuantile() {
    // 41 values, 0 to 40: mean 20, variance 41·42/12 = 143.5, error √(143.5/41) = 1.870829.
    let half = Student.interval((0...40).map(Double.init))
    #expect(half.mean == 20)
    #expect(abs(half.high - 20 - 1.96 * 1.870829) < 1e-5)
    // Of 0 and 2 with one degree of freedom: error 1.
    #expect(abs(Student.interval([0, 2]).high - 13.706) < 1e-9)
  }

  @Test func filesAreRead() throws {
    let csv = "episodes,reward,steps,ooms,failures\n64,-1.5,20,0.25,1\n128,2,30.5,0,0.5\n"
    let run = try TrainingRun(Array(csv.utf8), name: "a.csv")
    #expect(run.points.map(\.episodes) == [64, 128] && run.points[1].steps == 30.5)
    #expect(try TrainingRun(Array(run.csv.utf8), name: "a.csv") == run)
    // A line that is being written is left out.
    #expect(try TrainingRun(Array((csv + "192,3,4").utf8), name: "a.csv") == run)
    let json = #"{"data":{"curve":[{"episodes":64,"reward":-1.5,"steps":20,"ooms":0.25,"failures":1}]}}"#
    #expect(try TrainingRun(Array(json.utf8), name: "a.json").points == [run.points[0]])
  }

  /// What a curve is of is in every line, so that lines of several files can be put together.
  @Test func filesTellOfWhatClusterTheyAre() throws {
    let configuration = ClusterConfiguration()
    let origin = TrainingRun.Origin(configuration)
    let run = TrainingRun(
      name: "a", points: [.init(episodes: 64, reward: 1, steps: 2, ooms: 3, failures: 0.5)], origin: origin)
    #expect(
      run.csv == """
        episodes,reward,steps,ooms,failures,dynamics_version,configuration_sha256
        64,1.0,2.0,3.0,0.5,1,\(configuration.digest)

        """)
    #expect(try TrainingRun(Array(run.csv.utf8), name: "a") == run)
    let json = """
      {"dynamics_version":1,"configuration_sha256":"\(configuration.digest)","curve":[]}
      """
    #expect(try TrainingRun(Array(json.utf8), name: "a").origin == origin)
    // Lines of two trainings make no curve.
    let mixed = run.csv + "128,1.0,2.0,3.0,0.5,1,\(String(repeating: "0", count: 64))\n"
    let error = #expect(throws: DSLError.self) { try TrainingRun(Array(mixed.utf8), name: "a.csv") }
    #expect(error?.message == "a.csv:3: dynamics_version,configuration_sha256 are not those of one training")
  }

  @Test(arguments: [
    "", "episodes,reward\n1,2\n", "episodes,reward,steps,ooms,failures\n1,2,3,4\n",
    "episodes,reward,steps,ooms,failures\n1,2,3,4,nan\n",
    "episodes,reward,steps,ooms,failures\n2,2,3,4,0\n1,2,3,4,0\n", "{\"curve\": 5}", "{", "{\"curve\": [{}]}",
  ])
  func whatIsNoCurveIsRefused(_ text: String) {
    #expect(throws: DSLError.self) { try TrainingRun(Array(text.utf8), name: "x") }
  }
}
