//! appsync-codegen
