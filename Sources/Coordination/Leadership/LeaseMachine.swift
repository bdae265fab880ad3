package import DSLBase

/// When a candidate looks, takes over, renews and steps down: no clock, no file; events in, actions out.
///
/// The rules are client-go's (k8s.io/client-go/tools/leaderelection): a leader renews every `retry` and steps down by
/// itself when it could not for `renewDeadline`; others take over when they saw no renewal for `duration`, which is
/// longer. Added to them is a lock that dies with its process: when a holder that had it no longer does, there is nothing
/// to wait for.
package struct LeaseMachine: Sendable {
  /// What a candidate is told.
  package enum Event: Sendable, Equatable {
    /// The time has come for something.
    case tick
    /// The answer to `look`.
    case saw(LeaseSight)
    /// The answers to `acquire`.
    case won(LeaseRecord)
    case missed
    /// The answers to `renew`.
    case renewed(LeaseRecord)
    case superseded
    /// The answer did not come: an error of the store.
    case failed
    /// Told to end.
    case resign
  }

  /// What a candidate does.
  package enum Action: Sendable, Equatable {
    case look
    case acquire(LeaseSight)
    case renew(epoch: Int64)
    case release(epoch: Int64)
    /// From now on effects are allowed, under this epoch.
    case lead(LeaseRecord)
    /// Another leads; told once for each of them.
    case standBy(LeaseRecord?)
    /// From now on no effect is allowed.
    case stepDown(reason: String)
  }

  private enum Phase {
    case following
    case leading(LeaseRecord, renewed: Double)
    case resigned
  }

  private let me: LeaseHolder
  private let timing: LeaseTiming
  private var phase = Phase.following
  private var nextTry: Double
  private var watch = LeaseWatch()
  /// Whom `standBy` named last; the outer optional tells whether it was said at all.
  private var told: LeaseHolder??

  /// - Parameter now: the boot-time clock, seconds, as everywhere here.
  package init(_ me: LeaseHolder, _ timing: LeaseTiming, now: Double) {
    self.me = me
    self.timing = timing
    nextTry = now
  }

  /// A machine that leads already: of a candidate that acquired before it began to campaign.
  package init(_ me: LeaseHolder, _ timing: LeaseTiming, leading record: LeaseRecord, now: Double) {
    self.init(me, timing, now: now)
    phase = .leading(record, renewed: record.renewedMonotonic)
    nextTry = now + timing.retrySeconds
  }

  /// When `tick` is due next; never when all is over.
  package var nextDeadline: Double {
    switch phase {
    case .following: nextTry
    case .leading(_, let renewed): min(nextTry, renewed + timing.renewDeadlineSeconds)
    case .resigned: .infinity
    }
  }

  /// The term it leads in; `nil` as soon as the last renewal is `renewDeadline` old, whether or not a tick has come.
  package func term(at now: Double) -> LeaseRecord? {
    guard case .leading(let record, let renewed) = phase, now < renewed + timing.renewDeadlineSeconds else {
      return nil
    }
    return record
  }

  /// Takes an event.
  ///
  /// - Returns: what to do now, in this order.
  package mutating func on(_ event: Event, now: Double) -> [Action] {
    switch (phase, event) {
    case (.resigned, _): return []
    case (.following, .tick): return now >= nextTry ? retry(now, .look) : []
    case (.following, .saw(let sight)): return judge(sight, now)
    case (.following, .won(let record)):
      phase = .leading(record, renewed: record.renewedMonotonic)
      nextTry = now + timing.retrySeconds
      told = nil
      return [.lead(record)]
    case (.leading(let record, let renewed), .tick):
      if now >= renewed + timing.renewDeadlineSeconds {
        return stepDown("the lease could not be renewed for \(Int(now - renewed)) s", now)
      }
      return now >= nextTry ? retry(now, .renew(epoch: record.epoch)) : []
    case (.leading(let record, _), .renewed(let renewal)) where renewal.epoch == record.epoch:
      phase = .leading(renewal, renewed: renewal.renewedMonotonic)
      return []
    case (.leading, .superseded): return stepDown("another engine has taken over", now)
    case (.leading(let record, _), .resign):
      phase = .resigned
      return [.release(epoch: record.epoch)]
    case (_, .resign):
      phase = .resigned
      return []
    default: return []
    }
  }

  private mutating func retry(_ now: Double, _ action: Action) -> [Action] {
    nextTry = now + timing.retrySeconds
    return [action]
  }

  private mutating func stepDown(_ reason: String, _ now: Double) -> [Action] {
    phase = .following
    nextTry = now + timing.retrySeconds
    watch = LeaseWatch()
    return [.stepDown(reason: reason)]
  }

  private mutating func judge(_ sight: LeaseSight, _ now: Double) -> [Action] {
    watch.note(sight.record, now: now)
    if watch.standing(of: sight, for: me, now: now).isOpen { return [.acquire(sight)] }
    let holder = sight.record?.holder
    guard told == nil || told != .some(holder) else { return [] }
    told = .some(holder)
    return [.standBy(sight.record)]
  }
}
