import DSLBase
import HTTPTypes

/// The page of the simulator, and the document of its interface.
enum SimPage {
  static var routes: [Route] {
    [
      Page.file("/", "text/html; charset=utf-8", PackageResources.sim_html),
      Page.file("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
      Page.file("/sim.css", "text/css; charset=utf-8", PackageResources.sim_css),
      Page.script("/sim.js", PackageResources.sim_js),
      Page.script("/heat.js", PackageResources.heat_js),
      Page.script("/plots.js", PackageResources.plots_js),
      Page.script("/dom.js", PackageResources.dom_js),
      Page.script("/live.js", PackageResources.live_js),
      Page.file("/favicon.svg", "image/svg+xml", PackageResources.favicon_svg),
      Route(.get, "/api/v1/openapi.json", .open, "This document.") { _ in
        .content(type: "application/json", body: PackageResources.sim_openapi_json)
      },
    ]
  }
}
