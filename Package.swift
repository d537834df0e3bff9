// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// What talks to MPI; sources that need it are in `#if MPI`.
let mpi = Target.Dependency.target(name: "CMPI", condition: .when(traits: ["MPI"]))

/// Loops and state in C.
func cTarget(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, cSettings: [.treatAllWarnings(as: .error)])
}

/// A library module of ours; `dependencies` may only name modules of a lower layer.
func module(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: strict)
}

/// The tests of one module.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
    swiftSettings: strict)
}

/// An example program, `NameExample`.
func example(_ name: String, _ folder: String) -> Target {
  .executableTarget(
    name: name + "Example", dependencies: ["Lockstep"], path: "Sources/Examples/" + folder,
    swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser",
  condition: .when(traits: ["Command"]))

let package = Package(
  name: "Lockstep",
  products: [
    .library(name: "Lockstep", targets: ["Lockstep"]),
    .library(name: "ModelZoo", targets: ["ModelZoo"]),
    .executable(name: "lockstep", targets: ["LockstepCommand"]),
  ],
  traits: [
    .default(enabledTraits: ["MPI", "Command"]),
    .trait(
      name: "MPI", description: "Many ranks that talk over Open MPI; without it, one process."),
    .trait(
      name: "Command", description: "The program lockstep, which needs swift-argument-parser."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // 0: system libraries, and the loops that need run-time CPU dispatch
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    cTarget("CRuntime", []),
    cTarget("CFloats", ["CRuntime"]),
    cTarget("CKernels", ["CFloats", "CRuntime"]),
    module("Diagnostics", ["CRuntime"]),

    // 1: what several modules need; threads, types of elements, kernels over raw memory; what a rank
    // works on; messages between ranks
    module("Support", ["CRuntime", "Diagnostics"]),
    module("Parallel", ["CRuntime", "Support", "Diagnostics"]),
    module("Elements", ["CFloats", "Diagnostics"]),
    module(
      "Kernels", ["CKernels", "CFloats", "Parallel", "Elements", "Support", "Diagnostics"]),
    module("Steps", ["Diagnostics"]),
    module(
      "Communication",
      [mpi, "CFloats", "CRuntime", "Parallel", "Elements", "Steps", "Support", "Diagnostics"]),

    // 2: tensors and automatic differentiation
    module(
      "TensorCore",
      ["Kernels", "CKernels", "CRuntime", "Parallel", "Elements", "Support", "Diagnostics"]),

    // 3: what networks are made of, what trains them, what they train on
    module("NeuralNet", ["TensorCore", "Kernels", "Elements", "Support", "Diagnostics"]),
    module("Optimizers", ["TensorCore", "Kernels", "Parallel", "Elements", "Diagnostics"]),
    module(
      "DataLoading",
      ["TensorCore", "Parallel", "Elements", "Support", "Steps", "CZlib", "Diagnostics"],
      // Compiled in: the binary may be moved, and starts without Foundation.
      exclude: ["Resources/digits-ATTRIBUTION.md"],
      resources: [.embedInCode("Resources/digits.csv.gz")]),

    // 4: files of weights; training on many ranks
    module("Checkpoints", ["TensorCore", "Elements", "Support", "NeuralNet", "Diagnostics"]),
    tests(
      "Checkpoints", ["TensorCore", "Support", "NeuralNet", "Diagnostics"],
      exclude: ["Resources"]),
    module(
      "DataParallel",
      [
        "TensorCore", "NeuralNet", "Optimizers", "CKernels", "Kernels", "Parallel", "Elements",
        "Steps", "Communication", "Support", "Diagnostics",
      ]),

    // 5: runs that can go on; everything above under one import; the reference models
    module(
      "Runs",
      [
        "TensorCore", "NeuralNet", "Optimizers", "DataLoading", "Checkpoints", "DataParallel",
        "CRuntime", "Parallel", "Steps", "Communication", "Support", "Diagnostics",
      ]),
    module(
      "Lockstep",
      [
        "Diagnostics", "Support", "Parallel", "Elements", "Steps", "Communication", "TensorCore",
        "NeuralNet", "Optimizers", "DataLoading", "Checkpoints", "DataParallel", "Runs",
      ]),
    module("ModelZoo", ["Lockstep"]),

    // 6: what the verbs of the command are made of; programs
    module("Training", ["Lockstep", "ModelZoo", "Support", argumentParser]),
    module(
      "Benchmarks", ["Lockstep", "ModelZoo", "Support"],
      resources: [.embedInCode("Resources/pytorch_ops.py")]),
    .executableTarget(
      name: "LockstepCommand",
      dependencies: [
        "Training", "Benchmarks", "Lockstep", "Support", "CRuntime", argumentParser,
      ],
      swiftSettings: strict),
    example("Tensors", "01-tensors"),
    example("Gradients", "02-gradients"),
    example("TrainDigits", "03-train-digits"),
    example("Images", "04-images"),
    example("Sequences", "05-sequences"),
    example("CharacterGPT", "06-character-gpt"),
    example("Survive", "07-survive"),

    // Tests
    .target(
      name: "TestSupport",
      dependencies: [
        "TensorCore", "Parallel", "Elements", "Steps", "Communication", "CZlib", "Support",
        "Diagnostics",
      ],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("Support", ["Diagnostics", "TestSupport"]),
    tests(
      "Kernels",
      [
        "CKernels", "CFloats", "CRuntime", "Parallel", "Elements", "Communication", "TensorCore",
        "TestSupport",
      ]),
    tests("TensorCore", ["Kernels", "Elements", "TestSupport"]),
    tests("NeuralNet", ["TensorCore", "TestSupport"]),
    tests("Optimizers", ["TensorCore", "Diagnostics", "TestSupport"]),
    tests("DataLoading", ["Parallel", "TensorCore", "Steps", "Diagnostics", "TestSupport"]),
    .executableTarget(
      name: "MPIChecks",
      dependencies: [
        mpi, "Elements", "Steps", "Communication", "Support", "Diagnostics", "Lockstep",
      ],
      path: "Tests/MPIChecks", swiftSettings: strict),
    .executableTarget(
      name: "ReaderFuzz",
      dependencies: [
        "Training", "Runs", "Checkpoints", "DataLoading", "TensorCore", "Support", "Diagnostics",
        "TestSupport",
      ],
      path: "Tests/ReaderFuzz", swiftSettings: strict),
    tests(
      "DataParallel",
      [
        "TensorCore", "Parallel", "Elements", "NeuralNet", "Optimizers", "DataLoading", "Steps",
        "Communication", "TestSupport", "MPIChecks",
      ]),
    tests(
      "Communication",
      ["TensorCore", "Steps", "Support", "Diagnostics", "TestSupport", "MPIChecks"]),
    tests(
      "Runs",
      [
        "TensorCore", "NeuralNet", "Optimizers", "DataLoading", "DataParallel", "Communication",
        "Parallel", "Steps", "Support", "Diagnostics", "Lockstep", "ModelZoo", "TestSupport",
      ]),
    tests("Lockstep", ["TestSupport"]),
    tests("ModelZoo", ["Lockstep", "TensorCore", "TestSupport"]),
    tests(
      "LockstepCommand",
      [
        "Communication", "Lockstep", "Parallel", "Support", "TestSupport", "MPIChecks",
        "ReaderFuzz",
      ]),
    .testTarget(
      name: "LaunchTests", dependencies: ["TestSupport"], exclude: ["StandIns"],
      swiftSettings: strict),
    .testTarget(
      name: "ExamplesTests",
      dependencies: [
        "TensorsExample", "GradientsExample", "TrainDigitsExample", "ImagesExample",
        "SequencesExample", "CharacterGPTExample", "SurviveExample", "TestSupport",
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
