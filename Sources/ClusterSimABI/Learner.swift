import ClusterSim
import DSLBase

// The functions of `resonetics_learner.h`, where they are described.

/// Of these functions: what they take and return.
private let version: Int32 = 1

/// What a caller gives to be handed what comes of a training: its own pointer, the kind, bytes and their number; not 0 stops.
public typealias LearnerReceiver =
  @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<UInt8>?, Int64) -> Int32

/// The version of the interface.
@_cdecl("resonetics_learner_abi_version")
public func learnerABIVersion() -> Int32 { version }

/// The version of the rules of the cluster.
@_cdecl("resonetics_learner_dynamics_version")
public func learnerDynamicsVersion() -> Int32 { Int32(ClusterConfiguration.dynamicsVersion) }

/// Trains an agent.
@_cdecl("resonetics_learner_train")
public func learnerTrain(
  _ abi: Int32, _ request: UnsafePointer<UInt8>?, _ count: Int64, _ receiver: LearnerReceiver?,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  func hand(_ kind: TrainingCall.Kind, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer {
      receiver?(context, kind.rawValue, $0.baseAddress, Int64($0.count)) ?? 0
    } == 0
  }
  func refuse(_ code: TrainingCall.Code, _ message: String) -> Int32 {
    _ = hand(.message, Array(message.utf8))
    return code.rawValue
  }
  guard abi == version else {
    return refuse(.stale, "the caller has version \(abi) of the interface, this library \(version)")
  }
  guard let request, (1...16_777_216).contains(count) else {
    return refuse(.invalid, "the request has \(request == nil ? 0 : count) bytes: give 1 to 16777216")
  }
  do throws(DSLError) {
    let wanted = try TrainingRequest(Array(UnsafeBufferPointer(start: request, count: Int(count))))
    return try TrainingCall(request: wanted, hand: hand).run().rawValue
  } catch {
    let fix = error.fix.map { ": \($0)" } ?? ""
    return refuse(error.code == .invalidInput ? .invalid : .failed, error.message + fix)
  }
}
