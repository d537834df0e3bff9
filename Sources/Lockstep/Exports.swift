// One import for programs: everything that a training loop uses.
@_exported public import Checkpoints
@_exported public import Communication
@_exported public import DataLoading
@_exported public import DataParallel
@_exported public import Diagnostics
@_exported public import Elements
@_exported public import NeuralNet
@_exported public import Optimizers
@_exported public import Parallel
@_exported public import Runs
@_exported public import Steps
@_exported public import Support
@_exported public import TensorCore
