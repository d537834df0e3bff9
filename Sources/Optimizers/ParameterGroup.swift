import Diagnostics
public import TensorCore

/// Parameters that are trained with options of their own; what is nil is as the optimiser has it.
///
/// ```swift
/// let optimizer = AdamW(
///   [
///     ParameterGroup(model.backbone.parameters(), learningRateScale: 0.1),
///     ParameterGroup(model.head.parameters(), weightDecay: 0),
///   ], learningRate: 1e-3)
/// ```
///
/// There is one learning rate, which a schedule sets for all groups at once.
public struct ParameterGroup {
  /// What is trained; may be empty.
  public let parameters: [Tensor]
  /// The factor of the optimiser's learning rate.
  public let learningRateScale: Float
  /// How strongly parameters are drawn to 0.
  public let weightDecay: Float?
  /// How much of the last step's velocity is kept, by optimisers that have `momentum`.
  public let momentum: Float?
  /// How much of running means is kept, by optimisers that have `betas`.
  public let betas: (Double, Double)?
  /// Whether LAMB and LARS scale the steps of these parameters by their norms.
  public let usesTrustRatio: Bool

  /// A group of `parameters`. Stops for negative options, and betas that are not below 1.
  public init(
    _ parameters: [Tensor], learningRateScale: Float = 1, weightDecay: Float? = nil,
    momentum: Float? = nil, betas: (Double, Double)? = nil, usesTrustRatio: Bool = true
  ) {
    self.parameters = parameters
    self.learningRateScale = learningRateScale
    self.weightDecay = weightDecay
    self.momentum = momentum
    self.betas = betas
    self.usesTrustRatio = usesTrustRatio
    requireNotNegative(
      "ParameterGroup", ("learning rate scale", learningRateScale),
      ("weight decay", weightDecay ?? 0), ("momentum", momentum ?? 0))
    if let betas { requireBetas("ParameterGroup", betas) }
  }

  /// The usual two groups: matrices, kernels and embeddings, which decay by `weightDecay`, and
  /// biases, gains and other vectors and scalars, which do not decay and take no trust ratio.
  ///
  /// ```swift
  /// let optimizer = AdamW(
  ///   ParameterGroup.decayingMatrices(of: model.parameters(), by: 0.1), learningRate: 6e-4)
  /// ```
  public static func decayingMatrices(
    of parameters: [Tensor], by weightDecay: Float
  ) -> [ParameterGroup] {
    [
      ParameterGroup(parameters.filter { $0.axisCount >= 2 }, weightDecay: weightDecay),
      ParameterGroup(parameters.filter { $0.axisCount < 2 }, weightDecay: 0, usesTrustRatio: false),
    ]
  }
}

/// What an optimiser can be given an array of: tensors, or groups of them.
public protocol Trainable {
  /// `elements` in groups.
  static func groups(of elements: [Self]) -> [ParameterGroup]
}

extension Tensor: Trainable {
  /// One group without options of its own.
  public static func groups(of elements: [Tensor]) -> [ParameterGroup] {
    [ParameterGroup(elements)]
  }
}

extension ParameterGroup: Trainable {
  /// The groups themselves.
  public static func groups(of elements: [ParameterGroup]) -> [ParameterGroup] { elements }
}

/// Options of a group that not every optimiser has.
public struct GroupOptions: OptionSet, Sendable {
  /// The set as bits.
  public let rawValue: Int

  /// The set with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// `ParameterGroup.momentum`.
  public static let momentum = GroupOptions(rawValue: 1)
  /// `ParameterGroup.betas`.
  public static let betas = GroupOptions(rawValue: 2)
}

/// Stops if an option of `optimizer` is negative or not finite.
func requireNotNegative(_ optimizer: String, _ options: (name: String, value: Float)...) {
  for (name, value) in options {
    check(
      value >= 0 && value.isFinite,
      "\(optimizer): \(name) \(value) is negative or not finite")
  }
}

/// Stops unless both betas of `optimizer` are from 0 to below 1.
func requireBetas(_ optimizer: String, _ betas: (Double, Double)) {
  check(
    (0..<1).contains(betas.0) && (0..<1).contains(betas.1),
    "\(optimizer): betas \(betas.0) and \(betas.1); both must be from 0 to below 1")
}
