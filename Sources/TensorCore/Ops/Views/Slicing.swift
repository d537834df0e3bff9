import Diagnostics
import Elements

/// What may stand between the brackets of `x[…]`: `Int`, ranges of `Int`, `.all`, `.every(2)`,
/// `.range(from: -1, to: nil, by: -2)`, `.newAxis` and `.ellipsis`, in any mixture.
///
/// * An integer selects one element of an axis, which vanishes; negative ones count from the end.
/// * A range keeps part of an axis. Negative bounds count from the end: `(-2)...` is the last two and `...(-2)` all but
///   the last. What lies beyond the axis is left out, as in Python.
/// * Axes that are not mentioned are kept whole.
public protocol TensorIndex {
  /// What is taken.
  var axisIndex: AxisIndex { get }
}

/// What `x[…]` takes of one axis, or an axis that it adds.
public struct AxisIndex: TensorIndex, Sendable {
  enum Kind {
    case at(Int)
    case slice(from: Int?, to: Int?, by: Int)
    case newAxis
    case ellipsis
  }

  let kind: Kind

  /// This index, which says already what is taken.
  public var axisIndex: AxisIndex { self }
}

extension TensorIndex where Self == AxisIndex {
  /// The whole axis.
  public static var all: AxisIndex { .range() }
  /// A new axis of size 1.
  public static var newAxis: AxisIndex { AxisIndex(kind: .newAxis) }
  /// As many whole axes as the other indices leave; at most once.
  public static var ellipsis: AxisIndex { AxisIndex(kind: .ellipsis) }
  /// Every `step`-th element from the first on, or from the last on backwards where `step` is
  /// negative.
  public static func every(_ step: Int) -> AxisIndex { .range(by: step) }
  /// Every `step`-th element from `start` on and before `end`, as Python's `start:end:step`: nil is
  /// the end that the direction suggests. Stops if `step` is 0.
  public static func range(
    from start: Int? = nil, to end: Int? = nil, by step: Int = 1
  ) -> AxisIndex {
    AxisIndex(kind: .slice(from: start, to: end, by: step))
  }
}

extension Int: TensorIndex {
  /// One element of the axis, which vanishes.
  public var axisIndex: AxisIndex { AxisIndex(kind: .at(self)) }
}

extension Range<Int>: TensorIndex {
  /// The elements in the range; `-2..<0` is the last two.
  public var axisIndex: AxisIndex {
    .range(from: lowerBound, to: lowerBound < 0 && upperBound == 0 ? nil : upperBound)
  }
}

extension ClosedRange<Int>: TensorIndex {
  /// The elements in the range; `-2 ... -1` is the last two.
  public var axisIndex: AxisIndex {
    .range(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1)
  }
}

extension PartialRangeFrom<Int>: TensorIndex {
  /// The elements from the bound on.
  public var axisIndex: AxisIndex { .range(from: lowerBound) }
}

extension PartialRangeUpTo<Int>: TensorIndex {
  /// The elements before the bound.
  public var axisIndex: AxisIndex { .range(to: upperBound) }
}

extension PartialRangeThrough<Int>: TensorIndex {
  /// The elements up to the bound and with it.
  public var axisIndex: AxisIndex { .range(to: upperBound == -1 ? nil : upperBound + 1) }
}

extension Tensor {
  /// Element `index` along the first axis, a view without that axis; see `TensorIndex`.
  public subscript(_ index: Int) -> Tensor {
    get { selected(index, axis: 0, "subscript") }
    set { assign(newValue, to: region(selecting: index, axis: 0, "subscript")) }
  }

  /// A view of part of this tensor: `x[0, 1...]`, `x[.ellipsis, .every(2)]`; see `TensorIndex`.
  ///
  /// Assigning overwrites that part with a tensor that broadcasts to it, converted to this type.
  /// Where this tensor or the new values require a gradient, that is part of the graph: gradients
  /// flow to the new values and to the elements that stay. Stops then for views and for leaves that
  /// require a gradient, as every operation in place does.
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    get { part(region(indices), "subscript") }
    set { assign(newValue, to: region(indices)) }
  }

  /// A view of element `index` along `axis`, without that axis. Negative indices count from the
  /// end.
  public func selected(_ index: Int, axis: Int) -> Tensor {
    selected(index, axis: axis, "selected")
  }

  /// A view of every `step`-th element along `axis` from `start` on and before `end`, with Python's
  /// meaning of `start:end:step`.
  public func sliced(
    from start: Int? = nil, to end: Int? = nil, by step: Int = 1, axis: Int = 0
  ) -> Tensor {
    let axis = shape.axis(axis, "sliced")
    var region = Region(shape)
    region.slice(axis, start, end, step, "sliced")
    return part(region, "sliced")
  }

  private func selected(_ index: Int, axis: Int, _ name: StaticString) -> Tensor {
    part(region(selecting: index, axis: axis, name), name)
  }

  private func region(selecting index: Int, axis: Int, _ name: StaticString) -> Region {
    let axis = shape.axis(axis, name)
    var region = Region(shape)
    region.select(axis, element(index, axis, name))
    return region
  }

  /// The element that `index` names, counted from the start.
  private func element(_ index: Int, _ axis: Int, _ name: StaticString) -> Int {
    let element = index < 0 ? index + shape[axis] : index
    check(
      element >= 0 && element < shape[axis],
      """
      \(name): index \(index) is out of range for axis \(axis) of size \(shape[axis]) (shape \
      \(shape))
      """)
    return element
  }

  private func region(_ indices: [any TensorIndex]) -> Region {
    var (taken, added, ellipses) = (0, 0, 0)
    let kinds = indices.map(\.axisIndex.kind)
    for kind in kinds {
      switch kind {
      case .at, .slice: taken += 1
      case .newAxis: added += 1
      case .ellipsis: ellipses += 1
      }
    }
    check(ellipses <= 1, "subscript: \(ellipses) times .ellipsis; it may occur once")
    check(
      taken <= axisCount,
      "subscript: \(taken) indices for shape \(shape), which has \(axisCount) axes")
    var region = Region(shape)
    // The next axis of the tensor and the next of the part.
    var (axis, position) = (0, 0)
    for kind in kinds {
      switch kind {
      case .at(let index):
        region.select(position, element(index, axis, "subscript"))
        axis += 1
      case .slice(let start, let end, let step):
        region.slice(position, start, end, step, "subscript")
        (axis, position) = (axis + 1, position + 1)
      case .newAxis:
        region.insertAxis(at: position)
        position += 1
      case .ellipsis:
        (axis, position) = (axis + axisCount - taken, position + axisCount - taken)
      }
    }
    return region
  }

  private func assign(_ source: Tensor, to region: Region) {
    let target = region.of(self)
    check(
      broadcast(target.shape, source.shape, "subscript") == target.shape,
      "subscript: shape \(source.shape) does not broadcast to the part of shape \(target.shape)")
    target.requireDistinctElements("subscript")
    overwrite(
      "subscript", with: source, clear: { region.of($0).clear() }, share: region.of,
      write: { target.assign(elementsOf: source) })
  }

  /// Lets `write` overwrite part of this tensor with `source`, as part of the graph where one of
  /// both is.
  ///
  /// - Parameters:
  ///   - clear: sets what was overwritten to 0 in a gradient.
  ///   - share: takes what was overwritten out of a gradient, in a shape that `source` broadcasts to.
  func overwrite(
    _ name: StaticString, with source: Tensor, clear: @escaping (Tensor) -> Void,
    share: @escaping (Tensor) -> Tensor, write: () -> Void
  ) {
    let isRecorded =
      isGradientEnabled && dtype.isFloatingPoint && (node != nil || source.node != nil)
    requireReplaceable(name, isRecorded: isRecorded)
    guard isRecorded else {
      storage.markWritten(by: name)
      return write()
    }
    let kept = edge { gradient in
      let rest = gradient.cloned()
      clear(rest)
      return rest
    }
    let written = source.edge(share)
    storage.markWritten(by: name, isRecorded: true)
    write()
    let before = node
    _ = recorded(name, kept, written)
    keepRetaining(since: before)
  }
}

extension Region {
  /// Keeps of axis `position` what Python's `start:end:step` means.
  fileprivate mutating func slice(
    _ position: Int, _ start: Int?, _ end: Int?, _ step: Int, _ name: StaticString
  ) {
    check(step != 0, "\(name): the step is 0")
    let size = shape[position]
    let limits = step > 0 ? 0...size : -1...Swift.max(-1, size - 1)
    func bound(_ index: Int?, _ missing: Int) -> Int {
      guard let index else { return missing }
      let counted = index < 0 ? index + size : index
      return Swift.min(Swift.max(counted, limits.lowerBound), limits.upperBound)
    }
    let first = bound(start, step > 0 ? 0 : limits.upperBound)
    let last = bound(end, step > 0 ? size : -1)
    let length = step > 0 ? last - first : first - last
    let pace = step.magnitude > UInt(Swift.max(1, size)) ? Swift.max(1, size) : abs(step)
    narrow(
      position, from: first, count: Swift.max(0, (length + pace - 1) / pace),
      by: step > 0 ? pace : -pace)
  }
}
