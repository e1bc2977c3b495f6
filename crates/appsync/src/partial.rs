use serde::de::DeserializeOwned;

use crate::{AppSyncError, GraphqlError, answer::AnswerInfo, envelope::Envelope, exchange::Answer};

/// An answer as AppSync gave it: data and errors may stand side by side, when some fields failed and others did not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Partial<T> {
    /// The data; `None` when AppSync gave null, null for each field because it failed, or data that does not fit the
    /// schema because of the errors.
    pub data: Option<T>,
    /// What went wrong, field by field; empty when nothing did.
    pub errors: Vec<GraphqlError>,
    pub(crate) info: AnswerInfo,
    /// There was data, even if it was null or did not fit: something has been executed.
    pub(crate) has_data: bool,
}

impl<T> Partial<T> {
    /// AppSync's id of the request, for a support case.
    pub fn request_id(&self) -> Option<&str> {
        self.info.request_id.as_deref()
    }

    /// The data, and the errors beside it.
    ///
    /// # Errors
    /// When there is no data: the operation failed as a whole, and the error says why.
    pub fn require_data(self) -> Result<(T, Vec<GraphqlError>), AppSyncError> {
        match self.data {
            Some(data) => Ok((data, self.errors)),
            None => Err(without_data(self.info, self.errors, self.has_data)),
        }
    }

    /// The data of an answer without any error, as an execution without [`partial`](crate::Execution::partial) gives it.
    ///
    /// # Errors
    /// When there is an error, whether there is data or not.
    pub fn require_complete(self) -> Result<T, AppSyncError> {
        match self.data {
            Some(data) if self.errors.is_empty() => Ok(data),
            Some(_) => Err(AppSyncError::answered(self.info, self.errors, true)),
            None => Err(without_data(self.info, self.errors, self.has_data)),
        }
    }

    /// The same, if it has data.
    pub(crate) fn require_some(self) -> Result<Self, AppSyncError> {
        match self.data {
            Some(_) => Ok(self),
            None => Err(without_data(self.info, self.errors, self.has_data)),
        }
    }

    /// What an answer with status 200 says; an error if it is none of GraphQL.
    pub(crate) fn decode(Answer { info, body }: Answer) -> Result<Self, AppSyncError>
    where
        T: DeserializeOwned,
    {
        match Envelope::decode(&body) {
            None => Err(AppSyncError::malformed("it is not a GraphQL response; check the URL", info)),
            Some(Envelope { data: Some(Err(misfit)), errors, .. }) if errors.is_empty() => {
                Err(AppSyncError::malformed(misfit, info))
            }
            Some(Envelope { data, errors, has_data }) => {
                Ok(Self { data: data.and_then(Result::ok), errors, info, has_data })
            }
        }
    }
}

fn without_data(info: AnswerInfo, errors: Vec<GraphqlError>, has_data: bool) -> AppSyncError {
    if errors.is_empty() {
        return AppSyncError::malformed("it has neither data nor errors", info);
    }
    AppSyncError::answered(info, errors, has_data)
}
