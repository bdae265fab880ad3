import DSLBase
import Synchronization
import Telemetry
import Testing
import Tracing

@Suite struct SpanRecorderTests {
  private let time = ManualTime(Timestamp(nanoseconds: 1_750_932_000_000_000_000))
  private let exporter = InMemoryExporter()

  private func recorder(
    parent: TraceContext? = nil, sampler: Sampler = .always, limits: SpanLimits = SpanLimits()
  ) -> SpanRecorder {
    SpanRecorder(
      resource: Resource(service: "test"), exporter: exporter, time: time, seed: 42, parent: parent,
      sampler: sampler,
      limits: limits)
  }

  private func lines() throws -> [[ArchivedSpan]] {
    try exporter.lines.map { try #require(ArchivedSpan.spans(line: $0)) }
  }

  @Test func aTraceIsOneLineInTheOrderOfBeginning() throws {
    let tracer = recorder()
    tracer.withSpan(.cycleComplete) { cycle in
      time.advance(seconds: 1)
      tracer.withSpan(.systemAnalysis) { span in
        span.set(.healthScore, 0.25)
        time.advance(seconds: 0.5)
        tracer.withSpan("inner") { _ in }
      }
      tracer.withSpan(.decisionGeneration) { $0.set(.decisionTypes, ["scale_up"]) }
      cycle.set(.decisionsExecuted, 1)
    }
    let spans = try #require(try lines().first)
    #expect(try lines().count == 1)
    #expect(
      spans.map(\.name) == [
        "swarmsh.autonomous.cycle_complete", "swarmsh.autonomous.system_analysis", "inner",
        "swarmsh.autonomous.decision_generation",
      ])
    #expect(spans.map(\.parentSpanID) == [nil, spans[0].spanID, spans[1].spanID, spans[0].spanID])
    #expect(Set(spans.map(\.traceID)).count == 1)
    #expect(spans.map(\.seconds) == [1.5, 0.5, 0, 0])
    #expect(spans[1].attributes["health_score"] == 0.25)
    #expect(spans[3].attributes["decision_types"] == ["scale_up"])
    #expect(tracer.statistics.exported == 4)
  }

  @Test func anIncomingTraceIsContinued() throws {
    let parent = try #require(
      TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1"))
    recorder(parent: parent).withSpan(.cycleComplete) { _ in }
    let span = try #require(try lines().first?.first)
    #expect(span.traceID == parent.traceID)
    #expect(span.parentSpanID == parent.spanID)
    let text = String(decoding: exporter.lines[0], as: UTF8.self)
    #expect(text.contains(#""traceState":"a=1""#))
    // 0x001 sampled, 0x100 "remote is known", 0x200 "parent is remote".
    #expect(text.contains(#""flags":769"#))
  }

  @Test func whatTheCallerDoesNotRecordIsNotRecordedButPassedOn() throws {
    let parent = try #require(
      TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"))
    let tracer = recorder(parent: parent)
    let child = tracer.withSpan(.cycleComplete) { span in
      #expect(!span.isRecording)
      span.set(.decisionsExecuted, 1)
      return tracer.withSpan("inner") { $0.traceContext }
    }
    #expect(child.traceID == parent.traceID)
    #expect(!child.isSampled)
    #expect(exporter.lines.isEmpty)
  }

  @Test func aRatioDecidesByTheTraceID() {
    var generator = SplitMix64(seed: 5)
    let ids = (0..<10_000).map { _ in TraceID(using: &generator) }
    let sampled = ids.filter(Sampler.ratio(0.25).samples)
    #expect(abs(sampled.count - 2500) < 200)
    #expect(sampled.allSatisfy(Sampler.ratio(0.5).samples))
    #expect(ids.filter(Sampler.ratio(0).samples).isEmpty)
    #expect(ids.filter(Sampler.ratio(1).samples).count == ids.count)
  }

  @Test func aThrownErrorIsNotedAndStillThrown() throws {
    let tracer = recorder()
    #expect(throws: DSLError.self) {
      try tracer.withSpan("failing") { _ in throw DSLError(.conflict, "lease of w-1 is lost") }
    }
    let span = try #require(try lines().first?.first)
    #expect(span.status == 2)
    #expect(span.statusMessage == "lease of w-1 is lost")
    #expect(span.attributes["error.type"] == "conflict")
    #expect(span.events.map(\.name) == ["exception"])
    #expect(span.events.first?.attributes["exception.message"] == "lease of w-1 is lost")
  }

  @Test func okIsFinal() throws {
    let span = recorder().startSpan("a")
    span.setStatus(SpanStatus(code: .ok))
    span.setStatus(SpanStatus(code: .error, message: "late"))
    span.end()
    #expect(try lines().first?.first?.status == 1)
  }

  @Test func theWallClockMayStepBackWithinASpan() throws {
    let span = recorder().startSpan("a")
    time.advance(seconds: 2)
    time.step(to: Timestamp(seconds: 1))
    span.event("later")
    span.end()
    let read = try #require(try lines().first?.first)
    #expect(read.seconds == 2)
    #expect(read.events.first?.at == read.end)
  }

  @Test func anExplicitTimeIsTaken() throws {
    let tracer = recorder()
    let span = tracer.startSpan("a", at: Timestamp(seconds: 10))
    span.end(at: Timestamp(seconds: 12))
    let early = tracer.startSpan("b", at: Timestamp(seconds: 10))
    early.end(at: Timestamp(seconds: 9))
    #expect(try lines().joined().map(\.seconds) == [2, 0])
  }

  @Test func aChildThatOutlivesItsRootLeavesOnItsOwnLine() throws {
    let tracer = recorder()
    let root = tracer.startSpan("root")
    let child = tracer.startSpan("child", context: root.context)
    let other = tracer.startSpan("other", context: root.context)
    root.end()
    #expect(try lines().map { $0.map(\.name) } == [["root"]])
    child.end()
    child.end()
    #expect(exporter.lines.count == 1)
    other.end()
    #expect(try lines().map { $0.map(\.name) } == [["root"], ["child", "other"]])
    tracer.startSpan("afterwards", context: root.context).end()
    #expect(try lines().last?.first?.parentSpanID == root.traceContext.spanID)
  }

  @Test func flushExportsWhatHasEnded() throws {
    let tracer = recorder()
    let root = tracer.startSpan("root")
    tracer.startSpan("child", context: root.context).end()
    tracer.flush()
    #expect(try lines().map { $0.map(\.name) } == [["child"]])
    tracer.flush()
    #expect(exporter.lines.count == 1)
    root.end()
    #expect(try lines().map { $0.map(\.name) } == [["child"], ["root"]])
  }

  @Test func spansBeyondTheLimitAreDroppedAndCounted() throws {
    var limits = SpanLimits()
    limits.bufferedSpans = 2
    let tracer = recorder(limits: limits)
    tracer.withSpan("root") { _ in
      for number in 0..<5 { tracer.withSpan("child \(number)") { _ in } }
    }
    let spans = try #require(try lines().first)
    #expect(spans.map(\.name) == ["root", "child 0", "child 1"])
    #expect(spans.first?.attributes["dsl.telemetry.dropped_spans"] == 3)
    #expect(tracer.statistics.dropped == 3)
    tracer.withSpan("next") { _ in }
    #expect(try lines().last?.map(\.name) == ["next"])
  }

  @Test func openTracesAreBounded() throws {
    var limits = SpanLimits()
    limits.openTraces = 1
    let tracer = recorder(limits: limits)
    let first = tracer.startSpan("first", context: .topLevel)
    let second = tracer.startSpan("second", context: .topLevel)
    #expect(!second.isRecording)
    second.end()
    first.end()
    #expect(try lines().joined().map(\.name) == ["first"])
    #expect(tracer.statistics.dropped == 1)
  }

  @Test func aSpanIsBounded() throws {
    var limits = SpanLimits()
    limits.attributes = 2
    limits.events = 1
    limits.links = 1
    limits.stringBytes = 5
    let tracer = recorder(limits: limits)
    let span = tracer.startSpan("a")
    for key in ["z", "y", "x"] { span.attributes[key] = "äöü" }
    for _ in 0..<3 { span.event("e") }
    for _ in 0..<2 { span.link(to: span.traceContext, work: "w-1") }
    span.end()
    let read = try #require(try lines().first?.first)
    #expect(read.attributes == ["x": "äö", "y": "äö"])
    let text = String(decoding: exporter.lines[0], as: UTF8.self)
    #expect(text.contains(#""droppedAttributesCount":1"#))
    #expect(text.contains(#""droppedEventsCount":2"#))
    #expect(text.contains(#""droppedLinksCount":1"#))
  }

  @Test func aFailingExporterIsCountedAndStopsNothing() {
    let failing = ConsoleExporter { _ in throw DSLError(.io, "no space left") }
    let tracer = SpanRecorder(serviceName: "t", exporter: failing, time: time, seed: 1)
    #expect(tracer.withSpan("a") { _ in 7 } == 7)
    #expect(tracer.statistics.failed == 1)
    #expect(tracer.statistics.lastError == "no space left")
  }

  @Test func sameSeedAndTimeGiveTheSameBytes() {
    let other = InMemoryExporter()
    for exporter in [exporter, other] {
      let clock = ManualTime(Timestamp(seconds: 1))
      let tracer = SpanRecorder(serviceName: "t", exporter: exporter, time: clock, seed: 9)
      tracer.withSpan("a") { span in
        for key in 0..<20 { span.attributes["k\(key)"] = key }
        tracer.withSpan("b") { _ in }
      }
    }
    #expect(exporter.lines == other.lines)
  }

  @Test func manyTasksMayTraceAtOnce() async throws {
    let tracer = recorder()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<16 {
        group.addTask {
          for round in 0..<50 {
            await tracer.withSpan(SpanName(rawValue: "root \(task)")) { root in
              await Task.yield()
              tracer.withSpan("child \(task)") { $0.attributes["round"] = round }
              root.attributes["round"] = round
            }
          }
        }
      }
    }
    let all = try lines()
    #expect(all.count == 800)
    for spans in all {
      try #require(spans.count == 2)
      #expect(spans[1].parentSpanID == spans[0].spanID)
      #expect(spans[1].name.dropFirst(6) == spans[0].name.dropFirst(5))
      #expect(spans[0].attributes == spans[1].attributes)
    }
    #expect(tracer.statistics.exported == 1600)
    #expect(tracer.statistics.dropped == 0)
  }
}
