extension EventRule {
  /// What a client sends: the only places where code of an attacker can stand. A statement that the service itself sends to
  /// its database (`db.query.text`) is no injection, however it looks.
  private static let request: [Field] = [
    .attribute("url.full"), .attribute("url.path"), .attribute("url.query"), .attribute("http.url"),
    .attribute("http.target"), .attribute("user_agent.original"), .attribute("http.user_agent"),
    .attributes(prefix: "http.request.header."), .attributes(prefix: "http.request.body"),
  ]
  private static let path: [Field] = [
    .attribute("url.path"), .attribute("http.target"), .attribute("url.full"), .attribute("http.url"),
  ]
  private static let status = ["http.response.status_code", "http.status_code"]
  private static let event = ["event.name", "error.type", "security.event"]

  /// The rules that hold unless others are given.
  package static let standard: [EventRule] = [
    EventRule(
      "repeated_auth_failures", .authFailure,
      [
        .attribute(status, ["401", "407"]),
        .attribute(
          event, ["auth_failure", "authentication_failed", "authentication_failure", "invalid_grant"]),
        .attribute(["rpc.grpc.status_code"], ["16"]),
        .contains(
          [.body],
          [
            "failed password for", "authentication failure", "authentication failed", "invalid credentials",
            "login failed", "failed login", "invalid password",
          ]),
      ],
      steps: [Step(5, .medium), Step(20, .high), Step(100, .critical)], within: 60,
      "failures to authenticate from one source"),
    EventRule(
      "sql_injection", .injection,
      [
        .tautology(request),
        .containsAll(
          request,
          [
            ["union select", "union all select"],
            ["'", "\"", "--", "null", "@@", "information_schema", "concat("],
          ]),
        .contains(
          request,
          [
            "'; drop table", "';drop table", "';exec ", "\"; drop table", "; drop database", "xp_cmdshell",
            "'; exec ", "' and sleep(",
            "' or sleep(", "pg_sleep(", "waitfor delay '", "admin'--", "admin' --", "' or ''='",
            "benchmark(1000000",
          ]),
      ],
      steps: [Step(1, .high), Step(20, .critical)], within: 300, "SQL in what a client sent"),
    EventRule(
      "code_injection", .injection,
      [
        .contains(
          request,
          [
            "<script>", "<script ", "javascript:alert", "onerror=alert", "onload=alert", "${jndi:", "{{7*7}}",
            "${7*7}", "() { :;}", "; cat /etc/", "| cat /etc/", "`cat /etc/", "$(cat /etc/", "; /bin/sh",
            ";wget http", "; wget http", "; curl http", "| nc -e", "<?php", "cmd.exe /c",
          ])
      ],
      steps: [Step(1, .high), Step(20, .critical)], within: 300, "code in what a client sent"),
    EventRule(
      "path_traversal", .suspiciousAccess,
      [
        .contains(request, ["../../", "..\\..\\", "/etc/passwd", "/etc/shadow", "c:\\windows\\system32"])
      ],
      steps: [Step(1, .high), Step(20, .critical)], within: 300, "a way out of the served directory"),
    EventRule(
      "probing", .suspiciousAccess,
      [
        .segment(
          path,
          [
            ".env", ".git", ".svn", ".aws", ".ssh", "wp-admin", "wp-login.php", "phpmyadmin", "id_rsa",
            "server-status", ".htpasswd", "xmlrpc.php", "web.config", "actuator",
          ])
      ],
      steps: [Step(1, .low), Step(3, .medium), Step(10, .high)], within: 300,
      "requests for what no page links to"),
    EventRule(
      "forbidden", .suspiciousAccess,
      [.attribute(status, ["403"]), .attribute(["rpc.grpc.status_code"], ["7"])],
      steps: [Step(10, .medium), Step(50, .high)], within: 60, "requests that were forbidden"),
    EventRule(
      "bytes_out", .dataExfiltration, [],
      .sum(["http.response.body.size", "http.response_content_length", "network.transmit.bytes"]),
      steps: [Step(268_435_456, .high), Step(4_294_967_296, .critical)], within: 300,
      "bytes sent to one source"),
    EventRule(
      "rows_out", .dataExfiltration, [], .sum(["db.response.returned_rows", "db.rows_returned"]),
      steps: [Step(1_000_000, .medium), Step(10_000_000, .high)], within: 300, "rows read for one source"),
  ]
}
