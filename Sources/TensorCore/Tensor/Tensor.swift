import Diagnostics
public import Elements

/// An n-dimensional array, and a node's result in the graph that `backward()` walks.
///
/// ```swift
/// let x = Tensor([[1.0, 2, 3], [4, 5, 6]])  // [2, 3], of type float32
/// let row = x[0]                            // [3]; a view, which shares the memory of x
/// let sums = (x * x).sum(axis: 1)           // [2]; a new tensor
/// print(sums.floats)                        // [14.0, 77.0]
/// ```
///
/// A tensor is a reference: assigning it shares it. Views (`transposed`, slices, …) share its
/// memory, so that a write through one is seen by all. Operations record what their gradient needs
/// when an input requires a gradient and no `noGrad` scope is open; what they keep lives as long as
/// their result.
///
/// A tensor belongs to the thread that made it.
public final class Tensor {
  /// Changed by `change(to:)` alone, in which nothing else is going on.
  @exclusivity(unchecked) package private(set) var storage: Storage
  /// The type of the elements.
  @exclusivity(unchecked) public private(set) var dtype: DType
  /// The size of each dimension; `[]` for a scalar.
  public let shape: Shape
  /// Elements from one index to the next, per dimension; 0 where broadcast.
  package let strides: Shape
  /// The first element, counted in elements from the start of the storage.
  package let offset: Int
  /// Whether the elements lie in row-major order without gaps.
  package let isContiguous: Bool
  /// Whether this tensor was made as a view of another, whose gradient it shares.
  package let isView: Bool
  /// The storage's count of recorded changes when this view was made.
  private let recordedWrites: UInt32
  /// Whether this view was taken out of the graph, or is one of such a view: what becomes of the graph
  /// does not concern it.
  private let isDetached: Bool
  /// The operation that made this tensor, or the `Leaf` of one that the user made.
  @exclusivity(unchecked) package var node: Node?
  /// The leaf of a tensor whose `requiresGrad` was cleared, for when it is set again.
  package var frozenLeaf: Leaf?

  package init(
    storage: Storage, dtype: DType, shape: Shape, strides: Shape, offset: Int, isView: Bool = true,
    isDetached: Bool = false
  ) {
    self.storage = storage
    self.dtype = dtype
    self.shape = shape
    self.strides = strides
    self.offset = offset
    isContiguous = Tensor.isContiguous(shape, strides)
    self.isView = isView
    self.isDetached = isDetached
    recordedWrites = storage.recordedWrites
  }

  /// A new contiguous tensor whose content is undefined.
  package init(uninitialized shape: Shape, _ dtype: DType = .float32) {
    storage = Storage(byteCount: shape.elementCount * dtype.size)
    self.dtype = dtype
    self.shape = shape
    strides = shape.contiguousStrides
    offset = 0
    isContiguous = true
    isView = false
    isDetached = false
    recordedWrites = 0
  }

  /// The number of elements.
  public var count: Int { shape.elementCount }

  /// The number of dimensions.
  public var axisCount: Int { shape.count }

  private static func isContiguous(_ shape: Shape, _ strides: Shape) -> Bool {
    var expected = 1
    for axis in (0..<shape.count).reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return shape.elementCount == 0 }
      expected *= shape[axis]
    }
    return true
  }
}

@available(*, unavailable)
extension Tensor: Sendable {}

extension Tensor {
  /// Stops if this view's place in the graph is out of date: what it views was changed in place as
  /// part of the graph, which this view knows nothing of.
  package func requireCurrentView() {
    guard isView, storage.recordedWrites != recordedWrites else { return }
    check(
      node is Leaf || (node == nil && isDetached),
      """
      a view of shape \(shape) was made before \(storage.lastWriter) changed in place what it views; \
      make the view again after the change
      """)
  }

  /// Changes the type of this tensor, a parameter, where it is: whoever holds it sees its values
  /// converted.
  ///
  /// Its gradient is dropped; hooks stay. Stops if it is the result of an operation or a view, and
  /// if ranks share its gradients.
  package func change(to dtype: DType, named name: String) {
    guard dtype != self.dtype else { return }
    check(
      !isView && isContiguous && !(node is Operation),
      "convert: \(name) of shape \(shape) is the result of an operation or a view, no parameter")
    let old = (node ?? frozenLeaf) as? Leaf
    check(
      old?.averager == nil && old?.slot == nil,
      "convert: \(name) takes part in averageGradients; convert the model before")
    storage = detached().converted(to: dtype).storage
    self.dtype = dtype
    let new = old.map { Leaf(shape: shape, dtype: dtype, hooksOf: $0) }
    old?.replacement = dtype
    if node != nil { node = new } else { frozenLeaf = new }
  }

  /// Whether `tensor` is the only reference to it, and it the only one to its memory, in which every
  /// element has a place of its own: a temporary, whose memory may be used for something else.
  package static func mayBeOverwritten(_ tensor: inout Tensor) -> Bool {
    tensor.isContiguous && isKnownUniquelyReferenced(&tensor)
      && isKnownUniquelyReferenced(&tensor.storage) && tensor.storage.isPooled
  }

  /// The same elements with another shape, strides or offset, without a place in the graph.
  package func alias(shape: Shape, strides: Shape, offset: Int) -> Tensor {
    Tensor(
      storage: storage, dtype: dtype, shape: shape, strides: strides, offset: offset,
      isDetached: isDetached)
  }

  /// This fresh contiguous result with its elements arranged as `shape`, which holds as many.
  package func arranged(as shape: Shape) -> Tensor {
    Tensor(
      storage: storage, dtype: dtype, shape: shape, strides: shape.contiguousStrides,
      offset: offset, isView: false)
  }

  /// A view of the same memory without a place in the graph: no gradient flows through it.
  public func detached() -> Tensor {
    Tensor(
      storage: storage, dtype: dtype, shape: shape, strides: strides, offset: offset,
      isDetached: true)
  }

  /// This tensor if its elements lie in row-major order, and otherwise a copy for which that holds;
  /// outside the graph.
  package func contiguousValues() -> Tensor {
    guard !isContiguous else { return self }
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(elementsOf: self)
    return copy
  }
}

extension Tensor {
  /// The size of the last axis; 1 for a scalar.
  package var rowSize: Int { axisCount == 0 ? 1 : shape[axisCount - 1] }
  /// The number of rows along the last axis.
  package var rowCount: Int { rowSize == 0 ? 0 : count / rowSize }
}
