//! What several fuzz targets stand on.

pub mod curl;
