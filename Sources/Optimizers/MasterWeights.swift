import Diagnostics
import Elements
import Kernels
import Parallel
import TensorCore

/// The name of the Float32 copies of narrow parameters in saved states.
let masterName = "master"

/// Float32 copies of those parameters that are stored in a narrow type of floats, in which small
/// updates would be lost: what the optimiser changes, the parameters being these, rounded.
struct MasterWeights {
  /// One for each parameter; nil for those that have none.
  private let tensors: [Tensor?]

  /// Copies of `parameters`, in one flat block; nil has none.
  init(of parameters: [Tensor?]) {
    let narrow = parameters.compactMap { $0 }
    guard !narrow.isEmpty else {
      tensors = parameters.map { _ in nil }
      return
    }
    let (offsets, total) = flatOffsets(of: narrow)
    let arena = Tensor.zeros([total])
    var rest = offsets[...]
    tensors = parameters.map { parameter in
      guard let parameter, let offset = rest.popFirst() else { return nil }
      let master = arena.alias(
        shape: parameter.shape, strides: parameter.shape.contiguousStrides, offset: offset)
      master.assign(parameter.detached().converted(to: .float32))
      return master
    }
  }

  /// The copy of the parameter at `index`; nil where there is none.
  subscript(_ index: Int) -> Tensor? { tensors[index] }
}

extension OptimizerMemory {
  /// How many elements pass through the cache together: as many as keep all threads busy.
  private var blockSize: Int { isElementwise ? Threads.count * 32_768 : .max }

  /// Lets `turn` change `master` by `gradient` times `factor`, and rounds it into `parameter`.
  ///
  /// `isFresh` says that nobody has changed the parameter since its master was rounded into it.
  func change(
    _ master: Tensor, of parameter: Tensor, isFresh: Bool, by gradient: Tensor,
    times factor: Float,
    _ turn: (_ master: Tensor, _ gradient: Tensor, _ block: Range<Int>?) -> Void
  ) {
    let count = parameter.count
    let size = blockSize
    let isWhole = count <= size
    var start = 0
    while start < count {
      let block = start..<min(start + min(size, count), count)
      let part = isWhole ? master : master.elements(block)
      let narrow = parameter.address() + block.lowerBound * parameter.dtype.size
      let floats: UnsafeMutablePointer<Float> = part.pointer()
      if !isFresh { refreshMasters(count: block.count, floats, of: narrow, parameter.dtype) }
      turn(
        part, wide(gradient, isWhole ? nil : block, times: factor), isWhole ? nil : block)
      roundMasters(count: block.count, floats, into: narrow, parameter.dtype)
      start = block.upperBound
    }
  }

  /// Stops if the parameter at `index` was converted to another type.
  func requireUnconverted(_ index: Int) {
    let parameter = parameters[index]
    check(
      parameter.dtype == dtypes[index],
      """
      \(optimizerName): parameter \(index) of shape \(parameter.shape) was converted to \
      \(parameter.dtype) after the optimiser was made; convert the model first
      """)
  }

  /// The elements of `gradient` in `block`, or all, in Float32 and multiplied by `factor`.
  private func wide(_ gradient: Tensor, _ block: Range<Int>?, times factor: Float) -> Tensor {
    let part = block.map { gradient.elements($0) } ?? gradient
    guard part.dtype.isNarrowFloat else { return part }
    let result = Tensor(uninitialized: part.shape)
    widenGradients(
      count: part.count, part.address(), part.dtype, times: factor, into: result.pointer())
    withExtendedLifetime(part) {}
    return result
  }
}

extension Tensor {
  /// The elements in `range` of this contiguous tensor, counted in row-major order.
  func elements(_ range: Range<Int>) -> Tensor {
    alias(shape: [range.count], strides: [1], offset: offset + range.lowerBound)
  }
}

/// Where tensors of the counts of `tensors` lie in a flat block, each on a cache line of its own,
/// and how many elements the block has.
func flatOffsets(of tensors: [Tensor]) -> (offsets: [Int], total: Int) {
  var (offsets, total) = ([Int](), 0)
  for tensor in tensors {
    offsets.append(total)
    total += (tensor.count + 15) / 16 * 16
  }
  return (offsets, total)
}
