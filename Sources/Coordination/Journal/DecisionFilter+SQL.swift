import DSLBase
import GRDB

extension DecisionFilter {
  /// The filter as a condition on the table `decisions`, with its arguments.
  var sql: (condition: String, arguments: StatementArguments) {
    var conditions: [String] = []
    var arguments = StatementArguments()
    func add(_ condition: String, _ values: StatementArguments) {
      conditions.append(condition)
      arguments += values
    }
    /// `column` is one of these; the mark `LIST` in the condition stands for them.
    func add(_ condition: String, oneOf values: [String]) {
      guard !values.isEmpty else { return }
      let marks = repeatElement("?", count: values.count).joined(separator: ",")
      add(condition.replacing("LIST", with: "(\(marks))"), StatementArguments(values))
    }
    if let cycle { add("cycle=?", [cycle]) }
    if let since { add("at_ns>=?", [since.nanoseconds]) }
    if let until { add("at_ns<?", [until.nanoseconds]) }
    add("type IN LIST", oneOf: types)
    add("outcome IN LIST", oneOf: outcomes.map(\.rawValue))
    add("target IN LIST", oneOf: targets)
    add("json_extract(decision, '$.rule') IN LIST", oneOf: rules)
    if !people.isEmpty {
      let undone = "id IN (SELECT decision FROM undo WHERE asked_by IN LIST)"
      let answered = """
        id IN (SELECT used_by FROM approvals, json_each(approvals.document, '$.votes') AS vote
          WHERE json_extract(vote.value, '$.who.name') IN LIST)
        """
      // What came of a rejection is the refusal of the decision that had asked, after which the request is named.
      let rejected = """
        id IN (SELECT 'd-' || substr(approvals.id, 3) FROM approvals, json_each(approvals.document, '$.votes') AS vote
          WHERE used_by IS NULL AND json_extract(vote.value, '$.who.name') IN LIST)
        """
      let marks = "(" + repeatElement("?", count: people.count).joined(separator: ",") + ")"
      add(
        "(\(undone) OR \(answered) OR \(rejected))".replacing("LIST", with: marks),
        StatementArguments(people + people + people))
    }
    return (conditions.isEmpty ? "1" : conditions.joined(separator: " AND "), arguments)
  }

  /// Whether it leaves out any decision for another reason than its time.
  var selects: Bool {
    cycle != nil || ![types, targets, rules, people].allSatisfy(\.isEmpty) || !outcomes.isEmpty
  }
}
