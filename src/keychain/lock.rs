//! An advisory lock around compare-then-write.
