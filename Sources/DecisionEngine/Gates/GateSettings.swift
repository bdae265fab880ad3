/// What a decision must satisfy before it may have an effect.
///
/// Bands of confidence, as the document names them: from 0.8 clear, safe to execute; 0.6 to 0.8 reasonable,
/// proceed with caution; 0.4 to 0.6 uncertain, to be reviewed by a person; below 0.4 do not execute.
public struct GateSettings: Sendable, Equatable {
  /// How long to wait after an action before the next on the same target, seconds.
  public struct Cooldown: Sendable, Equatable {
    /// After which more may be added.
    public var up: Double
    /// After which more may be removed.
    public var down: Double
    /// After which the same neutral type may be repeated.
    public var other: Double

    /// Waits in seconds.
    public init(up: Double = 30, down: Double = 120, other: Double = 30) {
      self.up = up
      self.down = down
      self.other = other
    }
  }

  /// How many actions may be taken in a window of time.
  public struct Budget: Sendable, Equatable {
    /// Actions.
    public var count: Int
    /// Length of the window, seconds.
    public var windowSeconds: Double
    /// Actions of any one target that add to it, within the same window; `nil` where `count` alone holds.
    public var up: Int?
    /// Actions of any one target that take from it.
    public var down: Int?
    /// Actions of any one target that do neither.
    public var other: Int?

    /// A budget.
    public init(
      count: Int = 30, windowSeconds: Double = 3600, up: Int? = nil, down: Int? = nil, other: Int? = nil
    ) {
      self.count = count
      self.windowSeconds = windowSeconds
      self.up = up
      self.down = down
      self.other = other
    }
  }

  /// The least confidence that will do.
  public var minConfidence: Double
  /// Replaces `minConfidence` for this call: the emergency override of `--force-confidence`. All other gates
  /// hold.
  public var forceConfidence: Double?
  /// Whether everything is refused at the last gate.
  public var dryRun: Bool
  /// How many decisions of one cycle may pass.
  public var maxDecisionsPerCycle: Int
  /// How many actions may be under way at a time.
  public var maxConcurrent: Int
  /// Waits between actions.
  public var cooldown: Cooldown
  /// Actions in a window of time.
  public var budget: Budget
  /// Which decisions people have to approve.
  public var approval = Approval()
  /// Reversals of a target in a window of time.
  public var flaps: FlapBudget
  /// How a kind of decision whose predictions miss tightens its own gate.
  public var calibration: Calibration
  /// The budgets that the policy brings; see `adding(_:)`.
  var policyBudgets: [TargetBudget] = []
  /// The flap budgets that the policy brings.
  var policyFlaps: [FlapBudget] = []

  /// Settings; the defaults are those of the document.
  public init(
    minConfidence: Double = 0.6, forceConfidence: Double? = nil, dryRun: Bool = false,
    maxDecisionsPerCycle: Int = 3, maxConcurrent: Int = 5, cooldown: Cooldown = Cooldown(),
    budget: Budget = Budget(), flaps: FlapBudget = FlapBudget(), calibration: Calibration = Calibration()
  ) {
    self.minConfidence = minConfidence
    self.forceConfidence = forceConfidence
    self.dryRun = dryRun
    self.maxDecisionsPerCycle = maxDecisionsPerCycle
    self.maxConcurrent = maxConcurrent
    self.cooldown = cooldown
    self.budget = budget
    self.flaps = flaps
    self.calibration = calibration
  }

  /// The least confidence that holds for this call.
  public var requiredConfidence: Double { forceConfidence ?? minConfidence }
}
