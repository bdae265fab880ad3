package import DSLBase
import FoundationEssentials
import GRDB
import Synchronization

extension WorkQueue {
  /// The queue in numbers.
  package func statistics() throws(DSLError) -> QueueStatistics {
    var statistics = try looking { db in
      var statistics = QueueStatistics()
      let ready = try Row.fetchOne(db, sql: "SELECT count(*), min(created) FROM items WHERE state=0")
      statistics.pending = ready?[0] ?? 0
      var oldest = (ready?[1] as Int64?).map { Timestamp(nanoseconds: $0) }
      var agents: [String: AgentClaims] = [:]
      for item in try db.rows("SELECT \(ItemRow.columns) FROM items WHERE state<>0", read: ItemRow.init) {
        let due = item.isDue(self.time)
        switch item.state {
        case .claimed:
          statistics.claimed += due ? 0 : 1
          statistics.expired += due ? 1 : 0
          let agent = item.agent ?? ""
          agents[agent, default: AgentClaims(agent: agent, count: 0, expired: 0)].count += due ? 0 : 1
          agents[agent]?.expired += due ? 1 : 0
        case .waiting where due:
          statistics.pending += 1
          oldest = min(oldest ?? item.created, item.created)
        case .waiting, .held, .ready: statistics.waitingForRetry += 1
        }
      }
      statistics.oldestPending = oldest
      statistics.agents = agents.values.sorted { $0.agent < $1.agent }
      let failed =
        "SELECT ifnull((SELECT failed FROM refresh), 0) + (SELECT count(*) FROM outbox WHERE kind=2)"
      statistics.failed = max(0, try Int.fetchOne(db, sql: failed) ?? 0)
      return statistics
    }
    statistics.quarantined = try recordNames(.work, in: directory.quarantine).count
    return statistics
  }

  /// Pending items in the order of claiming, preferences aside.
  package func pending(limit: Int) throws(DSLError) -> [WorkItemView] {
    try live("state=0 OR state=1", order: "priority DESC, created, id", limit) { $0.state == .pending }
  }

  /// Pending items made longer ago than that, oldest first.
  package func overdue(olderThan seconds: Double, limit: Int) throws(DSLError) -> [WorkItemView] {
    let before = time.now.adding(seconds: -seconds).nanoseconds
    return try live("(state=0 OR state=1) AND created < ?", order: "created, id", limit, before) {
      $0.state == .pending
    }
  }

  /// Items by id.
  package func list(_ filter: WorkFilter) throws(DSLError) -> [WorkItemView] {
    let limit = max(0, filter.limit)
    var views = try live("id > ?", order: "id", limit, filter.after ?? "") { view in
      filter.wants(view.state) && (filter.agent == nil || view.agent == filter.agent)
    }
    for (kind, folder, state) in [
      (RecordKind.completed, directory.path, WorkState.completed), (.failed, directory.path, .failed),
      (.work, directory.quarantine, .quarantined),
    ] where filter.wants(state) {
      let names = try recordNames(kind, in: folder).filter { $0 > filter.after ?? "" }.sorted()
      var found = 0
      for stem in names where found < limit {
        guard let view = try finishedView(kind, stem, in: folder, state) else { continue }
        guard filter.agent == nil || view.agent == filter.agent else { continue }
        views.append(view)
        found += 1
      }
    }
    return Array(views.sorted { ($0.id, $0.file) < ($1.id, $1.file) }.prefix(limit))
  }

  /// One item by its id, or by what its file name says.
  ///
  /// - Throws: `notFound`.
  package func show(_ id: String) throws(DSLError) -> WorkItemView {
    if store.isWritable { try flush() }
    if let view = try liveItem(id) { return view }
    if store.isWritable {
      // The index may be behind the directory: look before saying that there is none.
      _ = try refresh(.look)
      if let view = try liveItem(id) { return view }
    }
    if CoordinationDirectory.isSafe(id: id) {
      for (kind, folder, state) in [
        (RecordKind.completed, directory.path, WorkState.completed), (.failed, directory.path, .failed),
        (.work, directory.quarantine, .quarantined),
      ] {
        if let view = try finished(kind, id, in: folder, state) { return view }
      }
    }
    throw DSLError(
      .notFound, "there is no item \(FileName.shown(id))", fix: "`dsl work list` shows the items there are")
  }

  /// An unfinished item whose file is there.
  private func liveItem(_ id: String) throws(DSLError) -> WorkItemView? {
    let view = try live("id = ? OR stem = ?", order: "id", 1, id, id) { _ in true }.first
    return view.flatMap { $0.record.isEmpty ? nil : $0 }
  }

  /// Live items with their files' bytes.
  private func live<each Value: SQLBindable>(
    _ condition: String, order: String, _ limit: Int, _ values: repeat each Value,
    where wanted: (WorkItemView) -> Bool
  ) throws(DSLError) -> [WorkItemView] {
    guard limit > 0 else { return [] }
    let sql = """
      SELECT \(ItemRow.columns), ifnull(record, (SELECT bytes FROM outbox WHERE seq=written)) FROM items
      WHERE \(condition) ORDER BY \(order)
      """
    return try looking { db in
      var views: [WorkItemView] = []
      try db.forEach(sql, repeat each values) { row in
        let item = ItemRow(row)
        var view = item.view(self.time)
        guard wanted(view) else { return true }
        if let record = row.optionalBlob(ItemRow.columnCount) {
          view.record = record
        } else if case .content(let bytes, _) = self.readWorkFile(item.stem) {
          view.record = bytes
        }
        views.append(view)
        return views.count < limit
      }
      return views
    }
  }

  /// Runs queries on an index that is up to date: our own, or a copy in memory when we may not write.
  func looking<Result>(_ body: (Database) throws -> Result) throws(DSLError) -> Result {
    let source: StateDatabase
    if store.isWritable {
      try refreshIfDue()
      source = store
    } else {
      source = try copy()
    }
    guard let result = try source.read(body) else {
      throw DSLError(.io, "the work queue \(store.path) vanished", fix: "try again")
    }
    return result
  }

  /// The copy that a queue opened for reading works on; made anew after a second.
  private func copy() throws(DSLError) -> StateDatabase {
    let now = time.monotonicSeconds
    if let copy = state.withLock({ $0.copy }), (0..<1).contains(now - copy.at) { return copy.store }
    let fresh = try StateDatabase(copying: store, migrations: QueueSchema.migrations)
    _ = try refresh(.look, in: fresh)
    state.withLock { $0.copy = (fresh, now) }
    return fresh
  }
}

extension ItemRow {
  func view(_ time: any TimeSource) -> WorkItemView {
    let due = isDue(time)
    let state: WorkState =
      switch self.state {
      case .ready: .pending
      case .waiting: due ? .pending : .waiting
      case .held: .waiting
      case .claimed: due ? .expired : .claimed
      }
    return WorkItemView(
      id: id, state: state, file: "work_\(stem).json", priority: priority, created: created,
      attempts: attempts,
      maxAttempts: maxAttempts, agent: agent, epoch: epoch,
      leaseUntil: self.state == .claimed ? dueWall : nil,
      notBefore: state == .waiting ? dueWall : nil, preferred: prefer, percent: percent, note: note,
      finished: nil,
      record: [])
  }
}
