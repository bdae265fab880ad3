import Coordination
import DSLBase
package import DecisionEngine
import Glibc

/// What holds the loop back, and what waits for people.
package struct ControlStatus: Sendable {
  /// Why the kill switch is thrown; `nil` when it is not.
  package var stopped: String?
  /// The pause that holds.
  package var paused: PauseFact?
  /// Decisions that wait for approval.
  package var waiting = 0
  /// Decisions that are approved and not carried out yet.
  package var approved = 0
  /// How the loop's simulated cluster is to stand; `nil` where there is none.
  package var pace: PaceStatus?
}

extension EngineHost {
  /// What people did to the loop.
  package func controlStatus() throws -> ControlStatus {
    let open = try journal?.approvals(onlyOpen: true).filter { $0.expiresAt > world.time.now } ?? []
    return ControlStatus(
      stopped: killSwitch.reason(), paused: PauseFact(try journal?.lastPause(), world.time),
      waiting: open.count { $0.status == Approval.Status.pending.rawValue },
      approved: open.count { $0.status == Approval.Status.approved.rawValue },
      pace: try sim.map { try PaceStatus($0.store, journal) })
  }

  /// The file that stops everything.
  var killSwitch: KillSwitch { KillSwitch(directory, path: settings.killSwitchFile) }

  /// What a cycle is to heed.
  var control: Cycle.Control {
    var control = Cycle.Control()
    control.killSwitch = killSwitch
    control.approvals = ApprovalMachine(settings.approval)
    control.proposer = Identity(user: world.user, host: world.host)
    return control
  }
}

extension ApprovalMachine {
  /// As configured.
  package init(_ settings: Settings.Approval) {
    self.init(
      expirySeconds: settings.expirySeconds, drift: settings.drift, acceptsNames: settings.acceptsNames)
  }
}

/// The account that this process runs under.
package enum AccountName {
  package static var current: String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    let id = geteuid()
    guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
    else { return "uid-\(id)" }
    return String(cString: name)
  }
}
