import DSLBase
