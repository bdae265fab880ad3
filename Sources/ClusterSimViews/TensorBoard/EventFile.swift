/// Scalars as TensorBoard reads them: TFRecords (length, checksum, data, checksum), each with an `Event` in protobuf.
///
/// The fields are those of `tensorflow/core/util/event.proto` and `framework/summary.proto`: of an event `wall_time` (1, double), `step`
/// (2, int64), `file_version` (3) or `summary` (5); of a summary `value` (1); of a value `tag` (1) and `simple_value` (2, float), or
/// `metadata` (9) that names the plugin of texts and `tensor` (8) of one string (`summary.proto`, `tensor.proto`).
package enum EventFile {
  /// One named number.
  package struct Scalar: Sendable, Hashable {
    package var tag: String
    package var value: Double

    package init(_ tag: String, _ value: Double) { (self.tag, self.value) = (tag, value) }
  }

  /// What a file begins with.
  ///
  /// - Parameter at: seconds since the epoch.
  package static func head(at wallSeconds: Double) -> [UInt8] {
    record(double(1, wallSeconds) + text(3, "brain.Event:2"))
  }

  /// Scalars of a step.
  package static func event(step: Int, at wallSeconds: Double, _ scalars: [Scalar]) -> [UInt8] {
    let values = scalars.flatMap { bytes(1, text(1, $0.tag) + float(2, Float($0.value))) }
    return record(double(1, wallSeconds) + [0x10] + varint(UInt64(max(0, step))) + bytes(5, values))
  }

  /// Texts at the start, for TensorBoard's page of texts, which reads Markdown: what the curves are of.
  package static func event(at wallSeconds: Double, _ texts: [(tag: String, text: String)]) -> [UInt8] {
    let metadata = bytes(1, text(1, "text"))
    let values = texts.flatMap {
      // DT_STRING, a vector of one.
      let tensor = [0x08, 0x07] + bytes(2, bytes(2, [0x08, 0x01])) + text(8, $0.text)
      return bytes(1, text(1, $0.tag) + bytes(8, tensor) + bytes(9, metadata))
    }
    return record(double(1, wallSeconds) + bytes(5, values))
  }

  /// The scalars of a point of a training's curve, under the names that others give them where they do.
  package static func scalars(_ point: TrainingRun.Point) -> [Scalar] {
    [
      Scalar("rollout/ep_rew_mean", point.reward), Scalar("rollout/ep_len_mean", point.steps),
      Scalar("rollout/ep_oom_mean", point.ooms), Scalar("rollout/failure_rate", point.failures),
    ]
  }

  private static func record(_ data: [UInt8]) -> [UInt8] {
    let length = little(UInt64(data.count))
    return length + little(CRC32C.masked(length)) + data + little(CRC32C.masked(data))
  }

  // MARK: protobuf's encoding

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func bytes(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
    [field << 3 | 2] + varint(UInt64(content.count)) + content
  }
  private static func text(_ field: UInt8, _ content: String) -> [UInt8] { bytes(field, Array(content.utf8)) }
  private static func double(_ field: UInt8, _ value: Double) -> [UInt8] {
    [field << 3 | 1] + little(value.bitPattern)
  }
  private static func float(_ field: UInt8, _ value: Float) -> [UInt8] {
    [field << 3 | 5] + little(value.bitPattern)
  }
  private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
