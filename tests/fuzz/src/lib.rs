//! The support of the fuzz targets.

pub mod curl;
