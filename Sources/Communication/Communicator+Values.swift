extension Communicator {
  /// The sum of each value over all ranks, on all of them. Collective: every rank calls it with as
  /// many values, and waits for the last.
  public func sum(_ values: [Double]) -> [Double] { reduced(values, .sum) }

  /// The smallest `value` of all ranks, on all of them. Collective.
  public func minimum<Value: Reducible>(_ value: Value) -> Value { reduced(value, .minimum) }

  /// The largest `value` of all ranks, on all of them. Collective.
  public func maximum<Value: Reducible>(_ value: Value) -> Value { reduced(value, .maximum) }

  /// Every rank's `text`, in rank order, on all ranks; the lengths may differ. Collective: two
  /// messages.
  public func gather(_ text: String) -> [String] {
    let text = Array(text.utf8)
    let lengths = gatherJoined([UInt64(text.count)]).map { Int($0) }
    let longest = lengths.max() ?? 0
    if longest == 0 { return lengths.map { _ in "" } }
    let padding = [UInt8](repeating: 0, count: longest - text.count)
    let joined = gatherJoined(text + padding)
    return lengths.enumerated().map { rank, length in
      String(decoding: joined[(rank * longest)...].prefix(length), as: UTF8.self)
    }
  }

  private func reduced<Value: Reducible>(
    _ values: [Value], _ operation: ReductionOperation
  ) -> [Value] {
    var values = values
    values.withUnsafeMutableBufferPointer { allReduce($0, operation) }
    return values
  }

  private func reduced<Value: Reducible>(
    _ value: Value, _ operation: ReductionOperation
  ) -> Value {
    var value = value
    withUnsafeMutablePointer(to: &value) {
      allReduce(UnsafeMutableBufferPointer(start: $0, count: 1), operation)
    }
    return value
  }

  /// Every rank's `values`, in rank order, on all ranks. Stops the job if their numbers differ.
  package func gather<Value: BitwiseCopyable>(_ values: [Value]) -> [[Value]] {
    let joined = gatherJoined(values)
    return (0..<size).map { Array(joined[($0 * values.count)...].prefix(values.count)) }
  }

  private func gatherJoined<Value: BitwiseCopyable>(_ values: [Value]) -> [Value] {
    let count = values.count * size
    return [Value](unsafeUninitializedCapacity: count) { result, initialized in
      let result = UnsafeMutableBufferPointer(rebasing: result[..<count])
      values.withUnsafeBytes { allGather($0, into: UnsafeMutableRawBufferPointer(result)) }
      initialized = count
    }
  }
}
