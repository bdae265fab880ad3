import DSLBase

/// What a program has that brought no way to speak HTTP.
struct NoTransport: HTTPTransport {
  func post(_ request: HTTPPost) async throws(DSLError) -> HTTPReply {
    throw DSLError(
      .unsupported, "POST \(HTTPPost.masked(request.url)): this program was built without HTTP",
      fix: "use a notifier of another kind, or hand the engine a transport")
  }
}
