import Elements
import Support

extension Tensor: CustomStringConvertible {
  /// The values in nested brackets, floats with four decimals, with the middle of long axes left
  /// out; the shape, and the type.
  public var description: String {
    "tensor(\(values), shape: \(shape), \(dtype))"
  }

  private var values: String {
    if dtype.isFloatingPoint {
      let values = floats
      return text(axis: 0, from: 0) { text(values[$0]) }
    }
    if dtype == .bool {
      let values = array(of: Bool.self)
      return text(axis: 0, from: 0) { String(values[$0]) }
    }
    let values = array(of: Int64.self)
    return text(axis: 0, from: 0) { String(values[$0]) }
  }

  /// The part that begins with element `start` and has the axes from `axis` on.
  private func text(axis: Int, from start: Int, element: (Int) -> String) -> String {
    guard axis < axisCount else { return element(start) }
    let size = shape[axis]
    let step = shape[(axis + 1)...].reduce(1, *)
    let edge = 3
    var parts: [String] = []
    for index in 0..<size {
      if size > 2 * edge + 2, index == edge { parts.append("...") }
      if size > 2 * edge + 2, index >= edge, index < size - edge { continue }
      parts.append(text(axis: axis + 1, from: start + index * step, element: element))
    }
    let separator = axis == axisCount - 1 ? ", " : ",\n" + String(repeating: " ", count: 8 + axis)
    return "[" + parts.joined(separator: separator) + "]"
  }

  private func text(_ value: Float) -> String {
    let magnitude = value.magnitude
    let isScientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e5)
    return isScientific ? Double(value).scientificText(4) : Double(value).text(4)
  }
}
