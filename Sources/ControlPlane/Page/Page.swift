import DSLBase
import HTTPTypes

/// The page for people and the OpenAPI document: files that are built in.
enum Page {
  /// What a browser may do with the page: load what this server has, ask this server, and nothing else.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    + "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

  static var routes: [Route] {
    [
      file("/", "text/html; charset=utf-8", PackageResources.page_html),
      file("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
      script("/page.js", PackageResources.page_js),
      script("/dom.js", PackageResources.dom_js),
      script("/live.js", PackageResources.live_js),
      script("/chart.js", PackageResources.chart_js),
      script("/trace.js", PackageResources.trace_js),
      script("/panels.js", PackageResources.panels_js),
      file("/favicon.svg", "image/svg+xml", PackageResources.favicon_svg),
      document,
    ]
  }

  static func script(_ path: String, _ body: @escaping @autoclosure @Sendable () -> [UInt8]) -> Route {
    file(path, "text/javascript; charset=utf-8", body())
  }

  static func file(
    _ path: String, _ type: String, _ body: @escaping @autoclosure @Sendable () -> [UInt8]
  )
    -> Route
  {
    var route = Route(.get, path, .open, "A file of the page.") { _ in
      var headers = HTTPFields()
      headers[.contentSecurityPolicy] = policy
      return .content(type: type, body: body(), headers: headers)
    }
    route.isDocumented = false
    return route
  }

  private static var document: Route {
    Route(.get, "/api/v1/openapi.json", .open, "This document.") { _ in
      .content(type: "application/json", body: PackageResources.openapi_json)
    }
  }
}
