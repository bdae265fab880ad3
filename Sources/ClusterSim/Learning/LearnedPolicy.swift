/// Does what has the largest learned value.
package struct LearnedPolicy: Policy {
  package let name: String
  package let view: View
  private let coder: FeatureCoder
  private let height, width: Int
  private let values: [Float]
  private var reader: FeatureReader?
  private var environments = 0

  init(_ coder: FeatureCoder, _ view: View, height: Int, width: Int, values: [Float], name: String = "q") {
    (self.coder, self.view, self.height, self.width) = (coder, view, height, width)
    (self.values, self.name) = (values, name)
  }

  package mutating func begin(_ i: Int, of count: Int) {
    if environments != count {
      environments = count
      reader = FeatureReader(view, height: height, width: width, environments: count)
    }
    reader?.begin(i)
  }

  package mutating func act(_ i: Int, _ sight: Sight) -> UInt8 {
    UInt8(ActionValues.best(actionValues(i, sight)))
  }

  /// The values of the eight actions in a situation.
  mutating func actionValues(_ i: Int, _ sight: Sight) -> SIMD8<Float> {
    guard let features = reader?.read(i, sight) else { return SIMD8() }
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: coder.active) { rows in
      guard let rows = rows.baseAddress else { return SIMD8() }
      coder.encode(features, into: rows)
      return values.withUnsafeBytes { raw in
        (0..<coder.active).reduce(into: SIMD8<Float>()) { sum, j in
          sum += raw.loadUnaligned(fromByteOffset: Int(rows[j]) &* 32, as: SIMD8<Float>.self)
        }
      }
    }
  }
}
