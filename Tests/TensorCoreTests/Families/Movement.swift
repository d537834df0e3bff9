import TensorCore
import TestSupport

let movementFamily = OperationFamily(
  "movement", table: views.merging(copies) { $1 },
  differentiable: differentiableViews + differentiableCopies,
  misuses: shapeMisuses + sliceMisuses + joiningMisuses + indexMisuses)

private let views: [String: TableEntry] = [
  "reshape": moved { $1[0].reshaped(Shape(try $0.integers("shape") ?? [])) },
  "flattened": moved {
    $1[0].flattened(from: try $0.integer("from") ?? 0, to: try $0.integer("to") ?? -1)
  },
  "expand": moved { $1[0].expanded(to: Shape(try $0.integers("shape") ?? [])) },
  "transpose": moved {
    $1[0].transposed(try $0.integer("axis0") ?? 0, try $0.integer("axis1") ?? 0)
  },
  "permute": moved { $1[0].permuted(try $0.integers("axes") ?? []) },
  "squeeze": moved { example, inputs in
    try example.integer("axis").map(inputs[0].squeezed) ?? inputs[0].squeezed()
  },
  "unsqueeze": moved { $1[0].unsqueezed(try $0.axis) },
  "slice": moved {
    $1[0].sliced(
      from: try $0.integer("start"), to: try $0.integer("stop"), by: try $0.integer("step") ?? 1,
      axis: try $0.axis)
  },
  "select": moved { $1[0].selected(try $0.integer("index") ?? 0, axis: try $0.axis) },
  "split": .several(.exact) {
    $1[0].split(sizes: try $0.integers("sizes") ?? [], axis: try $0.axis)
  },
  "flip": moved { $1[0].flipped(axes: try $0.axes($1[0])) },
  "diagonal": moved {
    $1[0].diagonal(
      offset: try $0.integer("offset") ?? 0,
      axes: (try $0.integer("axis0") ?? 0, try $0.integer("axis1") ?? 1))
  },
  "unfold1d": moved {
    $1[0].unfolded(
      axis: try $0.axis, size: try $0.integer("size") ?? 1, step: try $0.integer("step") ?? 1)
  },
]

private let copies: [String: TableEntry] = [
  "cat": moved { cat($1, axis: try $0.axis) },
  "stack": moved { stack($1, axis: try $0.axis) },
  "pad": moved { example, inputs in
    inputs[0].padded(
      by: try example.pairs("padding").map { (before: $0.0, after: $0.1) },
      with: Float(try example.number("value")))
  },
  "roll": moved {
    $1[0].rolled(by: try $0.integers("shifts") ?? [], axes: try $0.integers("axes") ?? [])
  },
  "repeat": moved { $1[0].repeated(try $0.integers("counts") ?? []) },
  "tril": moved { $1[0].tril(diagonal: try $0.integer("diagonal") ?? 0) },
  "triu": moved { $1[0].triu(diagonal: try $0.integer("diagonal") ?? 0) },
  "gather": moved { $1[0].gathered(at: $1[1], axis: try $0.axis) },
  "scatterAdd": .init { $1[0].scatterAdded($1[2], at: $1[1], axis: try $0.axis) },
  "indexSelect": moved { $1[0].indexSelected($1[1], axis: try $0.axis) },
  "maskedFill": moved { $1[0].maskedFilled($1[1], with: Float(try $0.number("value"))) },
  "embedding": moved { example, inputs in
    let hasPadding = example.path == "embedding/padding"
    return embedding(
      inputs[0], inputs[1], paddingIndex: hasPadding ? try example.integer("paddingIndex") : nil)
  },
]

private let differentiableViews: [Differentiable] = [
  .init("reshaped", [[3, 4]]) { $0[0].reshaped([2, -1]) },
  .init("reshaped copy", [[3, 4]]) { $0[0].transposed().reshaped([6, 2]) },
  .init("viewed", [[3, 4]]) { $0[0].viewed(as: [2, 2, 3]) },
  .init("flattened", [[2, 3, 2]]) { $0[0].flattened(from: 1) },
  .init("contiguous", [[3, 4]]) { $0[0].transposed().contiguous().squared() },
  .init("transposed", [[2, 3, 2]]) { $0[0].transposed(0, 1) },
  .init("permuted", [[2, 3, 4]]) { $0[0].permuted([2, 0, 1]) },
  .init("movingAxis", [[2, 3, 4]]) { $0[0].movingAxis(0, to: 2).squared() },
  .init("expanded", [[3, 1]]) { $0[0].expanded(to: [2, -1, 4]) },
  .init("squeezed", [[1, 3, 1, 2]]) { $0[0].squeezed().squared() },
  .init("squeezed of some", [[1, 3, 1, 2]]) { $0[0].squeezed(axes: [0, -1]).squared() },
  .init("unsqueezed", [[3, 2]]) { $0[0].unsqueezed(-1) },
  .init("flipped", [[3, 4]]) { $0[0].flipped(axes: [0, -1]).squared() },
  .init("diagonal", [[4, 5]]) { $0[0].diagonal(offset: 1).squared() },
  .init("unfolded", [[3, 7]]) { $0[0].unfolded(axis: 1, size: 3, step: 2).squared() },
  .init("overlapping windows", [[20]]) { $0[0].unfolded(axis: 0, size: 10, step: 6).squared() },
  .init("selected", [[3, 4]]) { $0[0].selected(-2, axis: 1).squared() },
  .init("sliced", [[3, 5]]) { $0[0].sliced(from: -1, by: -2, axis: 1).squared() },
  .init("subscript", [[3, 4, 5]]) { $0[0][1..., .newAxis, 2, .every(-2)].squared() },
  .init("overlapping parts", [[6]]) { $0[0][..<4] * $0[0][2...] + $0[0][1..<5] },
  .init("all of it", [[6]]) { $0[0][.all] * $0[0] },
  .init("split", [[3, 6]]) { x in
    let parts = x[0].split(sizes: [1, 2, 3], axis: 1)
    return parts[0] * parts[1].squared() + parts[2][.all, 1..<3]
  },
  .init("chunked", [[5, 2]]) { $0[0].chunked(2)[0].squared() * $0[0].chunked(2)[1][0] },
]

private let differentiableCopies: [Differentiable] = [
  .init("cloned", [[3, 4]]) { $0[0].cloned().squared() },
  .init("cat", [[2, 3], [2, 1], [2, 2]]) { cat($0, axis: -1).squared() },
  .init("stack", [[2, 3], [2, 3]]) { stack($0, axis: 1).squared() },
  .init("stack of one twice", [[2, 3]]) { stack([$0[0], $0[0]], axis: 2).squared() },
  .init("padded", [[2, 3]]) { $0[0].padded(by: [(1, 0), (2, 1)], with: 3).squared() },
  .init("rolled", [[3, 4]]) { $0[0].rolled(by: [1, -2], axes: [0, 1]) * $0[0] },
  .init("rolled flat", [[3, 4]]) { $0[0].rolled(by: 5) * $0[0] },
  .init("repeated", [[2, 3]]) { $0[0].repeated([2, 1, 3]).squared() },
  .init("tril", [[3, 4]]) { $0[0].tril(diagonal: 1).squared() },
  .init("triu", [[2, 3, 4]]) { $0[0].triu().squared() },
  .init("gathered", [[3, 4]]) { $0[0].gathered(at: columns, axis: 1).squared() },
  .init("scattered", [[3, 4], [3, 2]]) {
    $0[0].scattered($0[1], at: Tensor([[0, 3], [1, 2], [3, 1]] as [[Int64]]), axis: 1).squared()
  },
  .init("scatterAdded", [[3, 4], [3, 2]]) {
    $0[0].scatterAdded($0[1], at: columns, axis: 1).squared()
  },
  .init("scatterAdded from a larger source", [[3, 4], [4, 3]]) {
    $0[0].scatterAdded($0[1], at: columns, axis: 1).squared()
  },
  .init("indexSelected", [[2, 3, 2]]) {
    $0[0].indexSelected(Tensor([2, 0, 2] as [Int64]), axis: 1).squared()
  },
  .init("indices", [[3, 2]]) { $0[0][Tensor([[2, 0], [-1, 1]] as [[Int32]])].squared() },
  .init("mask of rows", [[3, 2]]) { $0[0][Tensor([true, false, true])].squared() },
  .init("maskedSelected", [[2, 3]]) {
    $0[0].maskedSelected(Tensor([true, false, true])).squared()
  },
  .init("maskedFilled", [[2, 3]]) {
    $0[0].maskedFilled(Tensor([true, false, true]), with: 2).squared()
  },
  .init("embedding", [[4, 3]]) {
    embedding(Tensor([[0, 3], [3, 2]] as [[Int64]]), $0[0]).squared()
  },
  .init("embedding twice", [[4, 3]]) {
    let indices = Tensor([1, 3, 1] as [Int64])
    return embedding(indices, $0[0]) * embedding(indices, $0[0]) + $0[0][..<3]
  },
  .init("assigned part", [[3, 4], [4]]) {
    let y = $0[0].squared()
    y[1] = $0[1] * 3
    y[.all, ..<2] = y[.all, 2...] * 2
    return y * y
  },
  .init("assigned to a buffer", [[2], [2]]) {
    let y = Tensor.zeros([3, 2])
    y[0] = $0[0]
    y[2] = $0[1].squared()
    return y * y
  },
  .init("assigned rows", [[4, 3], [2, 3]]) {
    let y = $0[0] * 1
    y[Tensor([2, -4] as [Int64])] = $0[1]
    return y.squared()
  },
  .init("assigned mask", [[4, 3], [3]]) {
    let y = ($0[0] * 1).transposed().contiguous().transposed().cloned()
    y[Tensor([true, false, false, true])] = $0[1]
    return y.squared()
  },
]

private var columns: Tensor { Tensor([[0, 3], [3, 3], [1, 0]] as [[Int64]]) }

private let shapeMisuses: [Misuse] = [
  .init("reshaped: [3, 4], which holds 12 elements, cannot become [5, -1]") {
    _ = zeros([3, 4]).reshaped([5, -1])
  },
  .init("reshaped: [4], which holds 4 elements, cannot become [-1, -4]") {
    _ = zeros([4]).reshaped([-1, -4])
  },
  .init("reshaped: [4], which holds 4 elements, cannot become [-1, -1]") {
    _ = zeros([4]).reshaped([-1, -1])
  },
  .init("viewed: the elements of this tensor of shape [4, 3] and strides [1, 4] have no view") {
    _ = zeros([3, 4]).transposed().viewed(as: [12])
  },
  .init("flattened: axis 3 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).flattened(from: 3) },
  .init("flattened: axis 0 of shape [3, 4] comes before axis 1") {
    _ = zeros([3, 4]).flattened(from: 1, to: 0)
  },
  .init("transposed: axis -2 of a tensor of shape [3]") { _ = zeros([3]).transposed() },
  .init("permuted: [0, 0] does not name each axis of shape [3, 4] once") {
    _ = zeros([3, 4]).permuted([0, 0])
  },
  .init("permuted: [0] does not name each axis of shape [3, 4] once") {
    _ = zeros([3, 4]).permuted([0])
  },
  .init("movingAxis: axis 2 of a tensor of shape [3, 4]") {
    _ = zeros([3, 4]).movingAxis(0, to: 2)
  },
  .init("expanded: shapes [3, 4] and [3] do not broadcast") {
    _ = zeros([3, 4]).expanded(to: [3])
  },
  .init("expanded: shape [1, 4] does not expand to [3, 1]") {
    _ = zeros([1, 4]).expanded(to: [3, 1])
  },
  .init("expanded: shape [1] does not expand to [-2]") { _ = zeros([1]).expanded(to: [-2]) },
  .init("expanded: shape [1] has no axis whose size -1 in [-1, 3] keeps") {
    _ = zeros([1]).expanded(to: [-1, 3])
  },
  .init("squeezed: axis 2 of a tensor of shape [3, 4]") { _ = zeros([3, 4]).squeezed(2) },
  .init("unsqueezed: no position 4 in a tensor of shape [3, 4]") {
    _ = zeros([3, 4]).unsqueezed(4)
  },
  .init("unsqueezed: no position -4 in a tensor of shape [3, 4]") {
    _ = zeros([3, 4]).unsqueezed(-4)
  },
  .init("flipped: axis 1 is named twice in [1, -1]") { _ = zeros([3, 4]).flipped(axes: [1, -1]) },
  .init("diagonal: axes 0 and -2 of shape [3, 4] are the same") {
    _ = zeros([3, 4]).diagonal(axes: (0, -2))
  },
  .init("unfolded: windows of 4 in steps of 1 along axis 0 of shape [3]") {
    _ = zeros([3]).unfolded(axis: 0, size: 4)
  },
  .init("unfolded: windows of 2 in steps of 0 along axis 0 of shape [3]") {
    _ = zeros([3]).unfolded(axis: 0, size: 2, step: 0)
  },
]

private let sliceMisuses: [Misuse] = [
  .init("subscript: index 3 is out of range for axis 0 of size 3 (shape [3, 4])") {
    _ = zeros([3, 4])[3]
  },
  .init("subscript: index -5 is out of range for axis 1 of size 4 (shape [3, 4])") {
    _ = zeros([3, 4])[.ellipsis, -5]
  },
  .init("subscript: axis 0 of a tensor of shape []") { _ = zeros([])[0] },
  .init("subscript: 3 indices for shape [3, 4], which has 2 axes") {
    _ = zeros([3, 4])[0, .all, 0]
  },
  .init("subscript: 2 times .ellipsis; it may occur once") {
    _ = zeros([3, 4])[.ellipsis, 0, .ellipsis]
  },
  .init("subscript: the step is 0") { _ = zeros([3])[.every(0)] },
  .init("sliced: the step is 0") { _ = zeros([3]).sliced(by: 0) },
  .init("selected: index 4 is out of range for axis 1 of size 4") {
    _ = zeros([3, 4]).selected(4, axis: 1)
  },
  .init("subscript: shapes [2] and [3] do not broadcast") { zeros([4])[1..<3] = zeros([3]) },
  .init("subscript: shape [3] does not broadcast to the part of shape [1]") {
    zeros([4])[1..<2] = zeros([3])
  },
  .init("subscript in place: this tensor is a leaf that requires a gradient") {
    leaf([1, 2])[0] = zeros([])
  },
  .init("subscript in place: this tensor is a view, and the gradient of what it views would be") {
    (leaf([1, 2]) * 2).reshaped([2, 1])[0] = zeros([])
  },
  .init("subscript in place: elements of this expanded tensor of shape [2] share memory") {
    zeros([3]).expanded(to: [2, 3])[.all, 0] = zeros([])
  },
  .init("multiply: a value of shape [3] that its gradient needs was changed in place by subscript")
  {
    let x = leaf([1, 2, 3]) * 1
    let y = x * x
    x[0] = zeros([])
    y.sum().backward()
  },
  .init("a view of shape [2] was made before subscript changed in place what it views") {
    let x = leaf([1, 2, 3]) * 1
    let view = x[1...]
    x[0] = zeros([])
    _ = view * 2
  },
]

private let joiningMisuses: [Misuse] = [
  .init("cat: no tensors to join") { _ = cat([]) },
  .init("cat: a tensor of shape []; use stack") { _ = cat([zeros([])]) },
  .init("cat: tensor 1 has shape [3, 5], tensor 0 has [2, 4]; they may differ along axis 0 only") {
    _ = cat([zeros([2, 4]), zeros([3, 5])])
  },
  .init("cat: tensor 1 has shape [3], tensor 0 has [2, 4]") {
    _ = cat([zeros([2, 4]), zeros([3])], axis: 1)
  },
  .init("stack: no tensors to join") { _ = stack([]) },
  .init("stack: tensor 1 has shape [3], tensor 0 has [2]") { _ = stack([zeros([2]), zeros([3])]) },
  .init("stack: no position 2 in a tensor of shape [2]") { _ = stack([zeros([2])], axis: 2) },
  .init("split: sizes [1, 1] do not add up to axis 0 of shape [3]") {
    _ = zeros([3]).split(sizes: [1, 1])
  },
  .init("split: pieces of 0 elements") { _ = zeros([3]).split(size: 0) },
  .init("chunked: 0 pieces") { _ = zeros([3]).chunked(0) },
  .init("rolled: 1 shifts for 2 axes") { _ = zeros([3, 4]).rolled(by: [1], axes: [0, 1]) },
  .init("repeated: counts [2] for shape [3, 4]; there must be one for each axis") {
    _ = zeros([3, 4]).repeated([2])
  },
  .init("padded: amounts [[0, -1]] for shape [3]") { _ = zeros([3]).padded(by: [(0, -1)]) },
  .init("tril: a tensor of shape [3]; it takes matrices") { _ = zeros([3]).tril() },
]

private let indexMisuses: [Misuse] = [
  .init("gathered: index 4 is out of range for axis 1 of size 4") {
    _ = zeros([3, 4]).gathered(at: Tensor([[4]] as [[Int64]]), axis: 1)
  },
  .init("gathered: index -1 is out of range for axis 1 of size 4") {
    _ = zeros([3, 4]).gathered(at: Tensor([[-1]] as [[Int64]]), axis: 1)
  },
  .init("gathered: indices of shape [2] for shape [3, 4]; they may be larger along axis 1 only") {
    _ = zeros([3, 4]).gathered(at: ints(), axis: 1)
  },
  .init("gathered: indices of float32; they must be of int64 or int32") {
    _ = zeros([3]).gathered(at: zeros([3]), axis: 0)
  },
  .init("scattered: a source of int32 for a tensor of float32") {
    _ = zeros([3]).scattered(ints(), at: ints(), axis: 0)
  },
  .init("scatterAdded: a source of shape [1] for indices of shape [2]") {
    _ = zeros([3]).scatterAdded(zeros([1]), at: ints(), axis: 0)
  },
  .init("scatterAdded: a tensor of bool") {
    _ = Tensor([true]).scatterAdded(Tensor([true]), at: ints(), axis: 0)
  },
  .init("indexSelected: indices of shape [1, 1]; they must have one axis") {
    _ = zeros([3]).indexSelected(Tensor([[0]] as [[Int64]]), axis: 0)
  },
  .init("indexSelected: index 2 is out of range for axis 0 of size 2") {
    _ = zeros([2]).indexSelected(ints(), axis: 0)
  },
  .init("maskedFilled: a mask of int32; it must be of bool") {
    _ = zeros([2]).maskedFilled(ints(), with: 0)
  },
  .init("maskedFilled: shapes [3] and [2] do not broadcast") {
    _ = zeros([3]).maskedFilled(Tensor([true, false]), with: 0)
  },
  .init("embedding: index 2 is out of range for axis 0 of size 2") {
    _ = embedding(ints(), zeros([2, 3]))
  },
  .init("embedding: a weight of shape [3]; it must have rows and columns") {
    _ = embedding(ints(), zeros([3]))
  },
  .init("embedding: padding index 3 for a weight of 3 rows") {
    _ = embedding(ints(), zeros([3, 1]), paddingIndex: 3)
  },
  .init("embedding: a value of shape [2] that its gradient needs was changed in place by fill") {
    let (indices, weight) = (Tensor([0, 1] as [Int64]), zeros([2, 2]))
    weight.requiresGrad = true
    let y = embedding(indices, weight)
    indices.fill(0)
    y.sum().backward()
  },
  .init("oneHot: index 2 is out of range for axis 1 of size 2") { _ = oneHot(ints(), classes: 2) },
  .init("oneHot: 0 classes") { _ = oneHot(ints(), classes: 0) },
  .init("subscript: index -3 is out of range for axis 0 of size 2") {
    _ = zeros([2])[Tensor([-3] as [Int64])]
  },
  .init("subscript: indices for a tensor of shape []") { _ = zeros([])[ints()] },
  .init("subscript: a mask of shape [2] for shape [3, 2]; its sizes must be the first") {
    _ = zeros([3, 2])[Tensor([true, false])]
  },
  .init("subscript: shapes [2] and [3] do not broadcast") { zeros([4])[ints()] = zeros([3]) },
  .init("subscript: shape [3] does not broadcast to the elements of shape [1]") {
    zeros([4])[Tensor([1] as [Int64])] = zeros([3])
  },
]

private func moved(_ call: @escaping TableEntry.Call) -> TableEntry {
  TableEntry(.exact, gradients: .float32, call: call)
}
