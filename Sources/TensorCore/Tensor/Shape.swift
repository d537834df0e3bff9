import Diagnostics

/// Up to eight integers, one per dimension, stored inline: the sizes or the strides of a tensor.
///
/// Reads like an array (`shape[0]`, `shape.count`, `shape == [2, 3]`), and negative positions count
/// from the end through `axis(_:)`.
public struct Shape: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral,
  Equatable, CustomStringConvertible, Sendable
{
  /// The largest number of dimensions.
  public static let maximumRank = 8

  private var values: InlineArray<8, Int>
  /// The number of dimensions.
  public private(set) var count: Int

  /// No dimensions: the shape of a scalar.
  public init() {
    values = InlineArray(repeating: 0)
    count = 0
  }

  /// `count` times `value`.
  public init(repeating value: Int, count: Int) {
    check(count <= Self.maximumRank, "Shape: \(count) dimensions; at most 8 are supported")
    values = InlineArray(repeating: value)
    self.count = count
  }

  /// The dimensions in `dimensions`, at most eight.
  public init(_ dimensions: some Collection<Int>) {
    self.init()
    for dimension in dimensions { append(dimension) }
  }

  /// The dimensions in `elements`, at most eight.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The position of the first dimension, 0.
  public var startIndex: Int { 0 }
  /// The position behind the last dimension: `count`.
  public var endIndex: Int { count }

  /// The size (or stride) of dimension `index`. Stops unless it is in `0 ..< count`.
  public subscript(index: Int) -> Int {
    get {
      precondition(index >= 0 && index < count)
      return values[index]
    }
    set {
      precondition(index >= 0 && index < count)
      values[index] = newValue
    }
  }

  /// Adds a last dimension. Stops where there are eight.
  public mutating func append(_ dimension: Int) {
    check(count < Self.maximumRank, "Shape: more than 8 dimensions")
    values[count] = dimension
    count += 1
  }

  /// Adds a dimension before position `index`; at `count`, behind the last. Stops where there are
  /// eight.
  public mutating func insert(_ dimension: Int, at index: Int) {
    append(dimension)
    var position = count - 1
    while position > index {
      values[position] = values[position - 1]
      position -= 1
    }
    values[index] = dimension
  }

  /// Removes dimension `index`. Stops unless it is in `0 ..< count`.
  public mutating func remove(at index: Int) {
    precondition(index >= 0 && index < count)
    for position in index..<(count - 1) { values[position] = values[position + 1] }
    count -= 1
  }

  /// The number of elements of a tensor of this shape.
  public var elementCount: Int {
    var product = 1
    for index in 0..<count { product *= values[index] }
    return product
  }

  /// Stops unless a new tensor can have this shape: sizes of 0 or more whose product fits a machine
  /// word.
  package func requireSizes(_ operation: StaticString) {
    check(
      allSatisfy { $0 >= 0 }, "\(operation): shape \(self): a size is negative; sizes are 0 or more"
    )
    var (bytes, overflows) = (8, false)
    for size in self where !overflows {
      (bytes, overflows) = bytes.multipliedReportingOverflow(by: size)
    }
    check(!overflows, "\(operation): a tensor of shape \(self) is larger than any memory")
  }

  /// Row-major strides: the last dimension has stride 1.
  package var contiguousStrides: Shape {
    var strides = self
    var stride = 1
    for index in (0..<count).reversed() {
      strides.values[index] = stride
      stride *= values[index]
    }
    return strides
  }

  /// The dimension that `axis` names; negative ones count from the end. Stops if there is none.
  package func axis(_ axis: Int, _ operation: StaticString) -> Int {
    let resolved = axis < 0 ? axis + count : axis
    check(
      resolved >= 0 && resolved < count,
      "\(operation): axis \(axis) of a tensor of shape \(self), which has \(count) dimensions")
    return resolved
  }

  /// As `axis(_:_:)`, but a scalar counts as a vector of its one element, as in PyTorch: it has the
  /// axes 0 and -1, which are 0.
  package func axisOrScalar(_ axis: Int, _ operation: StaticString) -> Int {
    count == 0 && (axis == 0 || axis == -1) ? 0 : self.axis(axis, operation)
  }

  /// Whether all dimensions are equal.
  public static func == (a: Shape, b: Shape) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a.values[index] != b.values[index] { return false }
    return true
  }

  /// As an array literal: `[64, 784]`.
  public var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}

/// The shape that `a` and `b` broadcast to: sizes are aligned at the end, and a size of 1
/// stretches.
package func broadcast(_ a: Shape, _ b: Shape, _ operation: StaticString) -> Shape {
  if a == b { return a }
  let axisCount = Swift.max(a.count, b.count)
  var result = Shape(repeating: 1, count: axisCount)
  for offset in 1...Swift.max(1, axisCount) where axisCount > 0 {
    let x = offset <= a.count ? a[a.count - offset] : 1
    let y = offset <= b.count ? b[b.count - offset] : 1
    check(
      x == y || x == 1 || y == 1,
      "\(operation): shapes \(a) and \(b) do not broadcast: sizes \(x) and \(y) differ")
    result[axisCount - offset] = x == 1 ? y : x
  }
  return result
}
