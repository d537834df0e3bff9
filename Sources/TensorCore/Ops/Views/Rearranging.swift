import Diagnostics
import Elements
import Parallel

// Copies of the same elements at other places.

extension Tensor {
  /// A copy with the elements moved by `shifts[i]` places along `axes[i]`; those that leave at one
  /// end enter at the other.
  public func rolled(by shifts: [Int], axes: [Int]) -> Tensor {
    check(
      shifts.count == axes.count, "rolled: \(shifts.count) shifts for \(axes.count) axes")
    var places = Shape(repeating: 0, count: axisCount)
    for (shift, axis) in Swift.zip(shifts, axes) {
      let axis = shape.axis(axis, "rolled")
      let size = Swift.max(1, shape[axis])
      places[axis] = (places[axis] + shift % size + size) % size
    }
    let result = Tensor(uninitialized: shape, dtype)
    result.roll(from: self, by: places, 0, Region(shape), Region(shape))
    return result.recorded("rolled", edge { $0.rolled(by: shifts.map { -$0 }, axes: axes) })
  }

  /// A copy with the elements in row-major order moved by `shift` places, in this tensor's shape.
  public func rolled(by shift: Int) -> Tensor {
    flattened().rolled(by: [shift], axes: [0]).reshaped(shape)
  }

  /// Copies every block of `source` that stays together, from `axis` on.
  private func roll(
    from source: Tensor, by places: Shape, _ axis: Int, _ target: Region, _ origin: Region
  ) {
    guard axis < axisCount else { return target.of(self).assign(elementsOf: origin.of(source)) }
    let (size, place) = (shape[axis], places[axis])
    for (to, from, count) in [(place, 0, size - place), (0, size - place, place)] where count > 0 {
      var (target, origin) = (target, origin)
      target.narrow(axis, from: to, count: count)
      origin.narrow(axis, from: from, count: count)
      roll(from: source, by: places, axis + 1, target, origin)
    }
  }

  /// A copy of the tensor `counts[i]` times along axis i, as tiles; counts beyond the axisCount are for
  /// new axes in front. Where reading is all that is wanted, `expanded(to:)` takes no memory.
  ///
  /// Stops if there are fewer counts than axes.
  public func repeated(_ counts: [Int]) -> Tensor {
    check(
      counts.count >= axisCount && counts.allSatisfy { $0 >= 0 },
      "repeated: counts \(counts) for shape \(shape); there must be one for each axis")
    var sizes = Shape(repeating: 1, count: counts.count)
    for axis in 0..<axisCount { sizes[axis + counts.count - axisCount] = shape[axis] }
    var result = cloned()
    for axis in counts.indices.reversed() where counts[axis] != 1 {
      // The axes before `axis` are rows; the rest is one block, which is repeated.
      let rows = sizes[..<axis].reduce(1, *)
      let block = sizes[axis...].reduce(1, *)
      result = result.reshaped([rows, 1, block]).expanded(to: [rows, counts[axis], block]).cloned()
      sizes[axis] *= counts[axis]
    }
    return result.reshaped(sizes)
  }

  /// A copy with `padding[i].before` elements `value` in front of axis i and `padding[i].after`
  /// behind it.
  ///
  /// There must be an entry for each axis. Negative amounts stop the program; slice instead. Stops
  /// where this type cannot hold the value.
  public func padded(by padding: [(before: Int, after: Int)], with value: Float = 0) -> Tensor {
    check(
      padding.count == axisCount && padding.allSatisfy { $0.before >= 0 && $0.after >= 0 },
      "padded: amounts \(padding.map { [$0.before, $0.after] }) for shape \(shape)")
    var wide = shape
    for axis in 0..<axisCount { wide[axis] += padding[axis].before + padding[axis].after }
    var inner = Region(wide)
    for axis in 0..<axisCount { inner.narrow(axis, from: padding[axis].before, count: shape[axis]) }
    dtype.requireRoom(for: Double(value), "padded")
    let result = Tensor.full(wide, value, dtype)
    inner.of(result).assign(elementsOf: self)
    return result.recorded("padded", edge { [inner] gradient in inner.of(gradient) })
  }

  /// A copy with the elements of each matrix on and below its diagonal of number `diagonal`
  /// (positive: right of the main one); the others are 0.
  public func tril(diagonal: Int = 0) -> Tensor { triangle(diagonal, isLower: true, "tril") }

  /// A copy with the elements of each matrix on and above its diagonal of number `diagonal`
  /// (positive: right of the main one); the others are 0.
  public func triu(diagonal: Int = 0) -> Tensor { triangle(diagonal, isLower: false, "triu") }

  private func triangle(_ diagonal: Int, isLower: Bool, _ name: StaticString) -> Tensor {
    check(axisCount >= 2, "\(name): a tensor of shape \(shape); it takes matrices")
    let source = contiguousValues()
    let result = Tensor(uninitialized: shape, dtype)
    let (rows, columns) = (shape[axisCount - 2], shape[axisCount - 1])
    parallelItems(count / Swift.max(1, columns), cost: columns) {
      for row in $0 {
        // The columns before `border` are on one side, the others on the other.
        let border = row % rows + diagonal + (isLower ? 1 : 0)
        let split = Swift.min(columns, Swift.max(0, border))
        let kept = isLower ? 0..<split : split..<columns
        let cleared = isLower ? split..<columns : 0..<split
        let (to, from) = (result.address(row * columns), source.address(row * columns))
        (to + kept.lowerBound * dtype.size).copyMemory(
          from: from + kept.lowerBound * dtype.size, byteCount: kept.count * dtype.size)
        (to + cleared.lowerBound * dtype.size).initializeMemory(
          as: UInt8.self, repeating: 0, count: cleared.count * dtype.size)
      }
    }
    return result.recorded(
      name, edge { $0.triangle(diagonal, isLower: isLower, name) })
  }
}
