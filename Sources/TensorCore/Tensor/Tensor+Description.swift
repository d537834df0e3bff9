import Glibc

extension Tensor: CustomStringConvertible {
  /// The values in nested brackets, four decimals each, with the middle of long axes left out, and the shape.
  public var description: String {
    "tensor(\(text(axis: 0, values: array(of: Float.self)[...])), shape: \(shape), \(dtype))"
  }

  private func text(axis: Int, values: ArraySlice<Float>) -> String {
    guard axis < rank else { return values.first.map(text) ?? "" }
    let size = shape[axis]
    let step = size == 0 ? 0 : values.count / size
    let edge = 3
    var parts: [String] = []
    for index in 0..<size {
      if size > 2 * edge + 2, index == edge { parts.append("...") }
      if size > 2 * edge + 2, index >= edge, index < size - edge { continue }
      let start = values.startIndex + index * step
      parts.append(text(axis: axis + 1, values: values[start..<(start + step)]))
    }
    let separator = axis == rank - 1 ? ", " : ",\n" + String(repeating: " ", count: 8 + axis)
    return "[" + parts.joined(separator: separator) + "]"
  }

  private func text(_ value: Float) -> String {
    if !dtype.isFloatingPoint { return String(Int(value)) }
    guard value.isFinite else { return "\(value)" }
    let magnitude = abs(value)
    let format = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e5) ? "%.4e" : "%.4f"
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      withVaList([Double(value)]) { _ = vsnprintf(start, 64, format, $0) }
      return String(cString: start)
    }
  }
}
