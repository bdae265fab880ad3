/// Values at fixed addresses, freed with their owner. A check reads and writes billions of them, in debug builds too,
/// where every access to an array is a call.
final class MachineMemory<Value: BitwiseCopyable> {
  let values: UnsafeMutablePointer<Value>
  let count: Int

  init(_ values: [Value]) {
    count = values.count
    self.values = UnsafeMutablePointer.allocate(capacity: max(1, values.count))
    for (index, value) in values.enumerated() { (self.values + index).initialize(to: value) }
  }

  deinit { values.deallocate() }
}
