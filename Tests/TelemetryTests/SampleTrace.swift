import DSLBase
import Telemetry
import Tracing

/// One of every span, event, link and attribute that the vocabulary has.
enum SampleTrace {
  /// A place in the trace of a work item.
  private static let other = TraceContext(
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

  /// The lines that an engine's cycle and an agent's work item leave behind, always the same.
  static func lines() -> [[UInt8]] {
    let exporter = InMemoryExporter()
    let time = ManualTime(Timestamp(nanoseconds: 1_750_932_000_123_456_789))
    let parent = TraceContext(
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1,b=\"2\"")
    let tracer = SpanRecorder(
      resource: Resource(
        service: "dsl", version: "1.2.3", attributes: [("process.pid", "42"), ("host.name", "h \"1\"\n")]),
      exporter: exporter, time: time, seed: 2025, parent: parent)
    cycle(tracer, time)
    tracer.withSpan(.workItem, below: other, ofKind: .consumer) { span in
      span.set(.genAIAgentID, "a-1")
      span.set(.workID, "w-1")
      span.set(.workAttempt, 1)
      span.set(.workOutcome, "completed")
      span.set(.exitCode, 0)
      time.advance(seconds: 0.000_001)
      span.setStatus(SpanStatus(code: .ok))
    }
    return exporter.lines
  }

  private static func cycle(_ tracer: SpanRecorder, _ time: ManualTime) {
    tracer.withSpan(.cycleComplete) { cycle in
      tracer.withSpan(.systemAnalysis) { span in
        time.advance(seconds: 0.25)
        span.set(.completionRate, 3.0 / 11)
        span.set(.activeAgents, 2)
        span.set(.workQueueSize, 8)
        span.set(.healthScore, 0.289_090_909_090_909_07)
        span.set(.healthState, "critical")
      }
      tracer.withSpan(.decisionGeneration) { span in
        span.set(.decisionCount, 2)
        span.set(.highestPriority, 10)
        span.set(.decisionTypes, ["scale_up", "coordination_improve"])
        span.refused(
          gate: "confidence", reason: "0.6 is below 0.7", decisionID: "d-3", decisionType: "optimize")
      }
      tracer.withSpan(.decisionExecution) { span in
        execution(span, "d-1", "scale_up", "executed")
        if let other { span.link(to: other, agent: "a-1") }
        tracer.withSpan(.scalingDecision) { scaling in
          scaling.set(.scalingDirection, "up")
          scaling.set(.currentAgents, 2)
          scaling.set(.targetAgents, 5)
          scaling.set(.triggerReason, "completion 0.27 is below 0.4")
        }
      }
      let failed: Void? = try? tracer.withSpan(.decisionExecution) { span in
        execution(span, "d-2", "coordination_improve", "failed")
        if let other { span.link(to: other, work: "w-1") }
        tracer.withSpan(.coordinationImprovement) { improvement in
          improvement.set(.improvementType, "reclaim")
          improvement.set(.queueSizeBefore, 8)
          improvement.set(.queueSizeAfter, 8)
        }
        throw DSLError(.io, "write work_1.json: No space left on device", fix: "make room")
      }
      tracer.withSpan(.spanDrivesCode) { $0.set(.detail, #"{"artifacts":["scaling_decision"]}"#) }
      tracer.withSpan(.telemetryAsSystem) { $0.set(.detail, "Decisions rest on 4 fresh records\u{1F680}\0") }
      tracer.withSpan(.programCall) { span in
        span.set(.programName, "heavy-queue")
        span.set(.programRole, "strategy")
        span.set(.errorType, "timeout")
        span.setStatus(SpanStatus(code: .error, message: "took longer than 5.0 s"))
      }
      cycle.set(.cycleDurationMs, 250)
      cycle.set(.decisionsExecuted, 1)
      cycle.set(.decisionsFailed, failed == nil ? 1 : 0)
      cycle.set(.systemImprovement, false)
    }
  }

  private static func execution(_ span: RecordedSpan, _ id: String, _ type: String, _ result: String) {
    span.set(.decisionID, id)
    span.set(.decisionType, type)
    span.set(.executionResult, result)
    span.set(.confidence, 0.95)
  }

  /// Every kind of attribute value, including those that the vocabulary does not use.
  static func oddValues() -> [[UInt8]] {
    let exporter = InMemoryExporter()
    let tracer = SpanRecorder(serviceName: "odd", exporter: exporter, time: ManualTime(), seed: 1)
    for (number, kind) in [SpanKind.internal, .server, .client, .producer, .consumer].enumerated() {
      let span = tracer.startSpan("odd \(number)", context: .topLevel, ofKind: kind)
      span.attributes["int32"] = Int32.min
      span.attributes["int64"] = Int64.max
      span.attributes["doubles"] = [0.1, -0.0, .leastNonzeroMagnitude, 1.797_693_134_862_315_7e308]
      span.attributes["nan"] = Double.nan
      span.attributes["infinity"] = -Double.infinity
      span.attributes["bools"] = [true, false]
      span.attributes["ints"] = [1, -1]
      span.attributes["int32s"] = [1, -1] as [Int32]
      span.attributes["strings"] = ["", "\u{2028}\u{7F}\\\t"]
      span.attributes["none"] = [String]()
      span.end()
    }
    return exporter.lines
  }
}
