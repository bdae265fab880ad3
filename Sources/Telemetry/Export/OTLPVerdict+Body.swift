import DSLBase

extension OTLPVerdict {
  /// What the body of a response says: an `Export…ServiceResponse` with its `partialSuccess`, or a `google.rpc.Status`, in
  /// the encoding that the response names.
  struct Said: Equatable {
    /// Items that the receiver leaves out of those it takes.
    var rejected = 0
    /// Why, or what is wrong: short, and on one line.
    var message: String?

    init(_ response: HTTPReply) {
      let isSuccess = (200...299).contains(response.status)
      let type = response[header: "Content-Type"]?.lowercased() ?? ""
      if type.hasPrefix(OTLPEncoding.protobuf.contentType) {
        readProtobuf(response.body, isSuccess: isSuccess)
      } else {
        readJSON(response.body, isSuccess: isSuccess)
      }
      rejected = max(0, rejected)
      message = message.flatMap { $0.isEmpty ? nil : Self.cut($0) }
    }

    /// Counts are 64-bit integers, so strings; numbers are read too. What is no JSON is shown when it is a short text.
    private mutating func readJSON(_ body: [UInt8], isSuccess: Bool) {
      let value = try? JSONParser.parse(body)
      if isSuccess {
        let partial = value?["partialSuccess"]
        let counts = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"].compactMap { key in
          partial?[key].flatMap { $0.int ?? $0.string.flatMap { Int($0) } }
        }
        rejected = counts.first ?? 0
        message = partial?["errorMessage"]?.string
      } else if let value {
        message = value["message"]?.string
      } else if let text = String(validating: body.prefix(200), as: UTF8.self),
        text.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x0D })
      {
        message = text
      }
    }

    /// A body that is damaged says nothing.
    private mutating func readProtobuf(_ body: [UInt8], isSuccess: Bool) {
      let padded = body + [UInt8](repeating: 0, count: TextSlice.padding)
      var found = self
      let isWhole = padded.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return false }
        var cursor = ProtobufCursor(base, count: body.count)
        do throws(DecodingFault) {
          if isSuccess { try found.partialSuccess(&cursor) } else { try found.status(&cursor) }
          return true
        } catch {
          return false
        }
      }
      if isWhole { self = found }
    }

    /// `ExportTraceServiceResponse` and its like (opentelemetry-proto, `collector/*/v1/*_service.proto`).
    private mutating func partialSuccess(_ cursor: inout ProtobufCursor) throws(DecodingFault) {
      while let field = try cursor.next() {
        guard field.key == ProtobufField.key(1, 2) else {
          try cursor.skip(field)
          continue
        }
        let outer = try cursor.enter()
        while let inner = try cursor.next() {
          switch inner.key {
          case ProtobufField.key(1, 0): rejected = Int(truncatingIfNeeded: try cursor.varint())
          case ProtobufField.key(2, 2): message = try cursor.text().string
          default: try cursor.skip(inner)
          }
        }
        cursor.leave(outer)
      }
    }

    /// `google.rpc.Status` (googleapis, `google/rpc/status.proto`).
    private mutating func status(_ cursor: inout ProtobufCursor) throws(DecodingFault) {
      while let field = try cursor.next() {
        if field.key == ProtobufField.key(2, 2) {
          message = try cursor.text().string
        } else {
          try cursor.skip(field)
        }
      }
    }

    /// What a stranger says, as it may be shown: short, and on one line.
    private static func cut(_ text: String) -> String {
      String(
        text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
    }
  }
}
