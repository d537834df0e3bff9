import Diagnostics
import Elements
import Kernels

/// The axes of a shape that an operation reduces, and the shape of what is left.
struct ReducedAxes {
  /// The shape before.
  let shape: Shape
  /// The shape after, in which reduced axes have size 1.
  private(set) var kept: Shape
  /// The shape of the result: `kept`, or without the reduced axes.
  let result: Shape
  /// How many elements become one.
  let count: Int
  /// 1 for every reduced axis and 0 for the others.
  private let isReduced: Shape

  /// `axes` of `shape`; nil: all. Stops where one does not exist or is named twice.
  init(_ axes: [Int]?, of shape: Shape, keeping: Bool, _ operation: StaticString) {
    self.init(shape, Self.marks(axes, shape, operation), keeping: keeping)
  }

  private init(_ shape: Shape, _ isReduced: Shape, keeping: Bool) {
    self.shape = shape
    self.isReduced = isReduced
    kept = shape
    var result = Shape()
    var count = 1
    for axis in 0..<shape.count {
      if isReduced[axis] == 1 {
        count *= shape[axis]
        kept[axis] = 1
      }
      if isReduced[axis] == 0 || keeping { result.append(kept[axis]) }
    }
    self.result = result
    self.count = count
  }

  private static func marks(
    _ axes: [Int]?, _ shape: Shape, _ operation: StaticString
  ) -> Shape {
    guard let axes else { return Shape(repeating: 1, count: shape.count) }
    // A scalar counts as a vector of one, as in PyTorch.
    if shape.isEmpty, axes == [0] || axes == [-1] { return shape }
    var isReduced = Shape(repeating: 0, count: shape.count)
    for axis in axes {
      let axis = shape.axis(axis, operation)
      check(isReduced[axis] == 0, "\(operation): axis \(axis) is named twice in \(axes)")
      isReduced[axis] = 1
    }
    return isReduced
  }

  /// The axes along which `shape` broadcasts `target`, which is aligned at the end.
  init(from shape: Shape, backTo target: Shape) {
    let added = shape.count - target.count
    var isReduced = Shape(repeating: 0, count: shape.count)
    for axis in 0..<shape.count {
      let isStretched = axis >= added && target[axis - added] == 1 && shape[axis] != 1
      if axis < added || isStretched { isReduced[axis] = 1 }
    }
    self.init(shape, isReduced, keeping: true)
  }

  /// The gradient of a sum: `gradient`, of the result, repeated along the reduced axes.
  func spread(_ gradient: Tensor) -> Tensor { gradient.reshaped(kept).expanded(to: shape) }

  /// Stops where a reduced axis is empty.
  func requireElements(_ operation: StaticString) {
    for axis in 0..<shape.count where isReduced[axis] == 1 {
      check(
        shape[axis] > 0,
        "\(operation): axis \(axis) of shape \(shape) is empty, and nothing has no extreme")
    }
  }

  /// These axes of a tensor whose axis i is axis `order[i]` of the shape.
  func permuted(_ order: [Int]) -> ReducedAxes {
    ReducedAxes(Shape(order.map { shape[$0] }), Shape(order.map { isReduced[$0] }), keeping: true)
  }

  /// All axes, the reduced ones last.
  var reducedLast: [Int] {
    let axes = 0..<shape.count
    return axes.filter { isReduced[$0] == 0 } + axes.filter { isReduced[$0] == 1 }
  }

  /// The one reduced axis, in a contiguous tensor.
  var run: ReducedRun {
    if shape.isEmpty { return ReducedRun(outer: 1, size: 1, inner: 1) }
    let axis = isReduced.firstIndex(of: 1) ?? 0
    return ReducedRun(
      outer: shape[..<axis].reduce(1, *), size: count, inner: shape[(axis + 1)...].reduce(1, *))
  }

  /// Calls `body` for every group of neighbouring reduced axes, last group first; for none reduced,
  /// with runs of 1.
  func forEachGroup(_ body: (ReducedRun) -> Void) {
    // Sizes of merged neighbours; axes of size 1 belong to either kind.
    var (sizes, marks) = (Shape(), Shape())
    for axis in 0..<shape.count where shape[axis] != 1 {
      if let last = sizes.indices.last, marks[last] == isReduced[axis] {
        sizes[last] *= shape[axis]
      } else {
        sizes.append(shape[axis])
        marks.append(isReduced[axis])
      }
    }
    guard marks.contains(1) else {
      return body(ReducedRun(outer: shape.elementCount, size: 1, inner: 1))
    }
    for axis in sizes.indices.reversed() where marks[axis] == 1 {
      let run = ReducedRun(
        outer: sizes[..<axis].reduce(1, *), size: sizes[axis],
        inner: sizes[(axis + 1)...].reduce(1, *))
      sizes[axis] = 1
      body(run)
    }
  }
}

extension Tensor {
  /// `reduce` of this tensor with its axes in the order in which they lie in memory: without a copy
  /// of a permuted tensor. `reduce` gets a contiguous tensor and returns results of shape `kept`;
  /// axes are put back in their order.
  func inMemoryOrder(
    _ axes: ReducedAxes, _ reduce: (_ values: Tensor, _ axes: ReducedAxes) -> [Tensor]
  ) -> [Tensor] {
    if isContiguous { return reduce(self, axes) }
    let order = (0..<axisCount).sorted { (strides[$0], $1) > (strides[$1], $0) }
    let values = detached().permuted(order)
    guard values.isContiguous else { return reduce(contiguousValues(), axes) }
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    return reduce(values, axes.permuted(order)).map { $0.permuted(inverse).contiguousValues() }
  }

  /// A fresh tensor of the reduction of this one, of type `Element`, over `axes`: one pass over the
  /// elements by `first`, and one over the results by `then` for each further group of neighbouring
  /// axes.
  func folded<Element: BitwiseCopyable>(
    _ axes: ReducedAxes, _ first: Reduction<Element>, then: Reduction<Element>
  ) -> Tensor {
    if isContiguous {
      return foldedInOrder(axes, first, then: then).arranged(as: axes.result)
    }
    let results = inMemoryOrder(axes) { [$0.foldedInOrder($1, first, then: then)] }
    return results[0].arranged(as: axes.result)
  }

  /// The same for floats of every type, which are reduced to float32.
  func folded(
    _ axes: ReducedAxes, _ first: Reduction<Float>, then: Reduction<Float>
  ) -> Tensor {
    let results = inMemoryOrder(axes) { values, axes in
      [
        values.foldedInOrder(axes, first, then: then) { run, values, result in
          Kernels.reduce(first, then: then, run, values.rows(run.inner), result.pointer(Float.self))
        }
      ]
    }
    return results[0].arranged(as: axes.result)
  }

  /// The same of a contiguous tensor; reduced axes keep size 1. `narrow` reduces floats that are not
  /// of type `Element`.
  private func foldedInOrder<Element: BitwiseCopyable>(
    _ axes: ReducedAxes, _ first: Reduction<Element>, then: Reduction<Element>,
    narrow: ((_ run: ReducedRun, _ values: Tensor, _ result: Tensor) -> Void)? = nil
  ) -> Tensor {
    var (values, kernel) = (self, first)
    axes.forEachGroup { run in
      let result = Tensor(
        uninitialized: [run.outer, run.inner], narrow == nil ? dtype : .float32)
      if let narrow, values.dtype.isNarrowFloat {
        narrow(run, values, result)
        (values, kernel) = (result, then)
        return
      }
      Kernels.reduce(
        kernel, then: then, run, UnsafePointer(values.base(of: Element.self)),
        result.base(of: Element.self))
      (values, kernel) = (result, then)
    }
    return values.arranged(as: axes.kept)
  }
}
