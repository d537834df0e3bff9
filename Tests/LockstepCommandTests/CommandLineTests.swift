import TestSupport
import Testing

/// What is wrong with a command line is said once; help is printed once.
@Suite(.serialized) struct CommandLineTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let mistakes = [
    ("train --colour red", "Unknown option '--colour'"),
    ("fly", "Unexpected argument 'fly'"),
    (
      "train --model mpl",
      "'mpl' is invalid for '--model <model>'. Please provide one of the following: mlp, lenet, "
        + "resnet20, gpt, rnn, lstm. See "
    ),
    ("train --data cifar", "The value 'cifar' is invalid for '--data"),
    ("train --data digits:x", "The value 'digits:x' is invalid for '--data"),
    ("train --optimizer lion", "The value 'lion' is invalid for '--optimizer"),
    ("train --schedule linear", "The value 'linear' is invalid for '--schedule"),
    ("train --epochs 0", "--epochs is 0; it must be from 1 to 1000000000"),
    ("train --epochs two", "The value 'two' is invalid for '--epochs"),
    ("train --epochs", "Missing value for '--epochs"),
    ("train --steps 0", "--steps is 0; it must be from 1 to 1000000000"),
    ("train --epochs 1 --steps 2", "--epochs and --steps cannot both be given"),
    ("train --global-batch 0", "--global-batch is 0; it must be from 1 to 1000000000"),
    ("train --global-batch -5", "--global-batch is -5; it must be from 1 to 1000000000"),
    ("train --learning-rate -1e-3", "--learning-rate is -0.001; it must be positive"),
    ("train --global-batch=-5", "--global-batch is -5; it must be from 1 to 1000000000"),
    ("train --learning-rate 0", "--learning-rate is 0.0; it must be positive"),
    ("train --learning-rate nan", "--learning-rate is nan; it must be positive"),
    ("train --learning-rate inf", "--learning-rate is inf; it must be positive"),
    ("train --learning-rate=-1", "--learning-rate is -1.0; it must be positive"),
    ("train --warmup=-1", "--warmup is -1; it must be from 0 to 1000000000"),
    ("train --seed=-1", "The value '-1' is invalid for '--seed"),
    ("train --threads 0", "--threads is 0; it must be from 1 to 1024"),
    ("train --threads 1025", "--threads is 1025; it must be from 1 to 1024"),
    ("train --epochs 9223372036854775807", "it must be from 1 to 1000000000"),
    ("train --epochs 9223372036854775808", "is invalid for '--epochs"),
    ("train --micro-batches 0", "--micro-batches is 0; it must be from 1 to 1000000000"),
    ("train --reproducible", "--reproducible needs --micro-batches, at least as many as ranks"),
    ("train --clip-norm 0", "--clip-norm is 0.0; it must be positive"),
    ("train --target species", "--target, --ignore and --loss belong to --data csv:FILE"),
    ("train --loss huber", "The value 'huber' is invalid for '--loss"),
    ("generate --run-dir x --length 0", "--length is 0; it must be from 1 to 1000000000"),
    ("generate --run-dir x --temperature=-1", "--temperature is -1.0; it must be 0 or more"),
    ("generate --run-dir x --temperature -1", "--temperature is -1.0; it must be 0 or more"),
    ("evaluate", "Missing expected argument '--run-dir"),
    ("bench step --workload nothing", "The value 'nothing' is invalid for '--workload"),
    ("bench scaling --ranks 1,two", "--ranks is 1,two; 'two' is no number of ranks"),
    ("bench scaling --ranks 0", "--ranks is 0; '0' is no number of ranks from 1 to 100000"),
    ("bench scaling --ranks 1,", "--ranks is 1,; '' is no number of ranks"),
    (
      "bench scaling --workload gpt --strong --ranks 13",
      "--strong cannot share 12 samples, the batch of gpt, out over 13 ranks"
    ),
    ("bench step --steps 0", "--steps is 0; it must be from 1 to 1000000000"),
  ]

  @Test(arguments: mistakes)
  func mistakesAreUsageErrors(_ line: String, _ cause: String) throws {
    expectFailure(try lockstep(line, in: directory), 64, cause)
    #expect(directory.list() == [])
  }

  @Test func emptyRunDirectoryIsAUsageError() throws {
    let training = try runAlone("lockstep", ["train", "--run-dir", ""], in: directory.path)
    expectFailure(training, 64, "--run-dir is empty; it must be a path")
  }

  @Test(arguments: [mistakes[0], mistakes[2], mistakes[12]])
  func mistakesAreSaidByOneOfTheRanks(_ line: String, _ cause: String) throws {
    expectFailure(try lockstep(line, ranks: 2, in: directory), 64, cause)
    #expect(directory.list() == [])
  }

  @Test(arguments: [
    ("--help", "USAGE: lockstep <subcommand>", 1), ("train --help", "USAGE: lockstep train", 1),
    ("help bench", "USAGE: lockstep bench <subcommand>", 1), ("", "USAGE: lockstep", 1),
    ("--help", "USAGE: lockstep <subcommand>", 2), ("train --help", "USAGE: lockstep train", 2),
  ])
  func helpIsPrintedOnce(_ line: String, _ usage: String, _ ranks: Int) throws {
    let help = try lockstep(line, ranks: ranks, in: directory)
    let text = try succeeded(help)
    #expect(text.split(separator: "\n").filter { $0.hasPrefix("USAGE: ") }.count == 1, "\(text)")
    #expect(text.contains(usage), "\(text)")
    #expect(help.errors == [])
  }

  @Test(arguments: ["train --run-dir run", "evaluate --run-dir run", "bench allreduce", "--help"])
  func ranksWithoutMpirunAreRefused(_ line: String) throws {
    let alone = try lockstep(line, in: directory, environment: ["OMPI_COMM_WORLD_SIZE": "4"])
    expectFailure(alone, 69, "the environment promises 4 ranks (OMPI_COMM_WORLD_SIZE=4) but")
    #expect(directory.list() == [])
  }
}
