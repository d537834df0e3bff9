public import Communication
import Diagnostics
public import Elements
public import NeuralNet
import TensorCore

extension Module {
  /// Trains this module on all ranks of `world` together.
  ///
  /// ```swift
  /// let reducer = model.averageGradients(over: world)
  /// for (images, labels) in batches.epoch(1) {
  ///   optimizer.zeroGrad()
  ///   crossEntropy(model(images), labels).backward()  // returns with the mean over all ranks
  ///   optimizer.step()
  /// }
  /// if world.isRoot { print(reducer.loss) }           // the mean over the last global batch
  /// ```
  ///
  /// Rank 0's parameters and buffers are copied to all ranks. From then on the last `backward()` of
  /// a step returns with the gradients of the one mean over the global batch: a pass counts by what its
  /// loss was divided by, such as the targets that are not ignored (see `Tensor.averaged(over:)`), and
  /// where the loss does not say, by the samples of the share that a `DataLoader` sharded over `world`
  /// hands out, or as much as any other pass where there is no loader. See Docs/distributed.md. Nothing
  /// is wrapped: parameters keep their names, and with one rank the program is an ordinary one.
  ///
  /// A step may consist of several passes, whose gradients add up before they travel. How many is
  /// said by the loader where it cuts batches into micro-batches, and otherwise by `accumulating`.
  /// From here on a thread's default random numbers are its rank's, see `Generator.default`.
  /// `optimizer.step()` completes what is not averaged, so a wrong number costs time and nothing
  /// else. All ranks must call `step()`, also one that had no part of a batch. Without a loader all
  /// ranks must call `backward()` the same number of times. Where a batch has fewer micro-batches than
  /// there are ranks, gradients are a rank's own until `step()`, or clipping, uses them.
  ///
  /// A parameter that no rank's loss reaches has no gradient, as in a run on one rank, and rank 0
  /// says so once. One that some losses reach has a gradient on all ranks. Float32 buffers that
  /// change in the first step, such as running statistics, move in every step by the mean of what
  /// all passes would move them by.
  ///
  /// With `reproducible`, weights are the same, bit for bit, for any number of ranks: the loader
  /// cuts every batch into as many micro-batches, and their gradients are added in the order of one
  /// fixed tree, whoever computes them. See Docs/reproducibility.md.
  ///
  /// With `wireType` `.float16`, wider gradients are rounded to Float16 while they travel and summed
  /// in Float32: half the bytes, for a relative error of up to 2⁻¹¹ before and after the sum.
  ///
  /// From time to time the parameters of all ranks are compared, see
  /// `GradientReducer.comparisonInterval`.
  ///
  /// Call it on all ranks, before training. Stops with status 76 if the ranks' models differ
  /// in a name, type or shape.
  ///
  /// - Parameters:
  ///   - passesPerStep: how many calls of `backward()` make a step.
  ///   - reproducible: whether sums are taken in an order that does not depend on the ranks.
  ///   - wireType: what gradients are rounded to while they travel; not at all by default.
  ///   - overlap: whether ranks on several hosts send while the backward pass goes on.
  ///   - bucketBytes: gradients travel in groups of about this size, each as soon as it is complete.
  @discardableResult
  public func averageGradients(
    over world: any Communicator, accumulating passesPerStep: Int = 1,
    reproducible: Bool = false, wireType: DType? = nil,
    overlap: CommunicationOverlap = .automatic, bucketBytes: Int = 1 << 20
  ) -> GradientReducer {
    check(
      passesPerStep > 0,
      "averageGradients: a step of \(passesPerStep) passes; accumulate at least 1")
    check(
      !reproducible || passesPerStep == 1,
      "averageGradients: reproducible steps are cut into micro-batches by the loader; accumulate 1")
    check(
      wireType?.isFloatingPoint != false,
      """
      averageGradients: gradients cannot travel as \(wireType?.description ?? ""); use \
      \(DType.list(\.isNarrowFloat))
      """)
    check(
      wireType?.isNarrowFloat != true || !reproducible,
      """
      averageGradients: reproducible, but gradients would be rounded on the wire where there are \
      several ranks only; use wireType nil, or a model of that type
      """)
    check(
      !reproducible || !sharesBatchStatistics,
      """
      averageGradients: reproducible, but synchronizeBatchNorm makes statistics depend on the number \
      of ranks; leave one of them out
      """)
    // The bits of others' products may depend on how many samples a rank has.
    if reproducible { MatrixProducts.provider = .own }
    // From here on ranks see other samples, so chance must be another one, however they are seeded.
    Generator.setRank(world.rank)
    requireEqualModels(world)
    for (name, tensor) in namedTensors() {
      check(
        tensor.isContiguous, "averageGradients: \(name) of shape \(tensor.shape) is a strided view")
      tensor.storage.markWritten(by: "averageGradients")
      world.broadcast(tensor.bytes, from: 0)
    }
    let reducer = GradientReducer(
      namedParameters(), buffers: namedBuffers().map(\.tensor), over: world,
      passesPerStep: passesPerStep,
      TravelOptions(
        bucketBytes: bucketBytes, wireType: wireType, overlap: overlap,
        isReproducible: reproducible))
    reducer.driftCheck = DriftCheck(namedParameters(), over: world)
    return reducer
  }

  private func requireEqualModels(_ world: any Communicator) {
    let facts = namedTensors().enumerated().map { index, item in
      (name: "tensor \(index)", value: "\(item.name) \(item.tensor.dtype) \(item.tensor.shape)")
    }
    world.requireEqual(facts, of: "averageGradients: the models")
  }
}
