import Autonomy
import DSLBase
import HTTPTypes
import Telemetry

/// What Prometheus scrapes.
struct Metrics: Sendable {
  let surface: ControlSurface
  let looks: LookingThread

  var route: Route {
    let (surface, looks) = (surface, looks)
    var route = Route(
      .get, "/metrics", .read,
      "Metrics of the fleet and the engine, as Prometheus text or OpenMetrics by Accept."
    ) { call in
      let format = PrometheusFormat(accept: call.headers[.accept])
      let page = try await looks.run {
        try await surface.looking { engine, _ in PrometheusText.page(try await engine.metrics(), format) }
      }
      return .content(type: format.contentType, body: Array(page.utf8))
    }
    route.mediaType = "text/plain"
    return route
  }
}
