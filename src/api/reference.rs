//! Reference data, which changes rarely, and the health check.

use crate::http::{Request, Route};
use crate::{
    Category, CategoryId, Country, CountryId, Currency, CurrencyId, Result, Session, Subcategory,
    SubcategoryId,
};

const COUNTRIES: Route = Route::get("/api/v1/countries");
const COUNTRY: Route = Route::get("/api/v1/countries/:id");
const CURRENCIES: Route = Route::get("/api/v1/currencies");
const CURRENCY: Route = Route::get("/api/v1/currencies/:id");
const CATEGORIES: Route = Route::get("/api/v1/categories");
const CATEGORY: Route = Route::get("/api/v1/categories/:id");
const SUBCATEGORIES: Route = Route::get("/api/v1/subcategories");
const SUBCATEGORY: Route = Route::get("/api/v1/subcategories/:id");
const STATUS: Route = Route::get("/status").without_token();

/// # Reference data and service status
impl Session {
    /// Lists all countries. Cache them: they change once a day at most.
    ///
    /// `GET /api/v1/countries`
    ///
    /// Skips each country that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the call fails.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let countries = session.countries()?;
    /// assert!(countries.iter().any(|country| country.alpha_3 == "USA"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn countries(&self) -> Result<Vec<Country>> {
        self.fetch_list(&Request::new(COUNTRIES))
    }

    /// Gets one country.
    ///
    /// `GET /api/v1/countries/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such object,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response describes an object with another id.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let first = session.countries()?.remove(0);
    /// assert_eq!(session.get_country(first.id)?.name, first.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_country(&self, id: CountryId) -> Result<Country> {
        self.fetch_one(COUNTRY, id.get())
    }

    /// Lists all currencies. Cache them: they change once a day at most.
    ///
    /// `GET /api/v1/currencies`
    ///
    /// Skips each currency that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the call fails.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let currencies = session.currencies()?;
    /// assert!(currencies.iter().any(|currency| currency.currency == "USD" && currency.precision == 2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn currencies(&self) -> Result<Vec<Currency>> {
        self.fetch_list(&Request::new(CURRENCIES))
    }

    /// Gets one currency.
    ///
    /// Some servers lack this route and respond with 404. [`currencies`](Session::currencies) works on all.
    ///
    /// `GET /api/v1/currencies/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such object,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response describes an object with another id.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let first = session.currencies()?.remove(0);
    /// assert_eq!(session.get_currency(first.id)?.name, first.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_currency(&self, id: CurrencyId) -> Result<Currency> {
        self.fetch_one(CURRENCY, id.get())
    }

    /// Lists the categories of gift cards.
    ///
    /// `GET /api/v1/categories`
    ///
    /// Skips each category that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) (`INVALID_FEATURE`) if gift cards are disabled for this
    /// client.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for category in session.categories()? {
    ///     println!("{}", category.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn categories(&self) -> Result<Vec<Category>> {
        self.fetch_list(&Request::new(CATEGORIES))
    }

    /// Gets one category of gift cards.
    ///
    /// `GET /api/v1/categories/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such object,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response describes an object with another id.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let first = session.categories()?.remove(0);
    /// assert_eq!(session.get_category(first.id)?.name, first.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_category(&self, id: CategoryId) -> Result<Category> {
        self.fetch_one(CATEGORY, id.get())
    }

    /// Lists the subcategories of gift cards.
    ///
    /// `GET /api/v1/subcategories`
    ///
    /// Skips each subcategory that cannot be read, and logs a warning to the target `popup_rewards::call`.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) (`INVALID_FEATURE`) if gift cards are disabled for this
    /// client.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// for subcategory in session.subcategories()? {
    ///     println!("{}", subcategory.name);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn subcategories(&self) -> Result<Vec<Subcategory>> {
        self.fetch_list(&Request::new(SUBCATEGORIES))
    }

    /// Gets one subcategory of gift cards.
    ///
    /// `GET /api/v1/subcategories/:id`
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if this client has no such object,
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the id is below 1,
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response describes an object with another id.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// let first = session.subcategories()?.remove(0);
    /// assert_eq!(session.get_subcategory(first.id)?.name, first.name);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_subcategory(&self, id: SubcategoryId) -> Result<Subcategory> {
        self.fetch_one(SUBCATEGORY, id.get())
    }

    /// Checks that the service is up. It needs no login.
    ///
    /// `GET /status`
    ///
    /// # Errors
    /// [`Server`](crate::ErrorKind::Server), [`Network`](crate::ErrorKind::Network) or
    /// [`Timeout`](crate::ErrorKind::Timeout) if the service is down, [`NotFound`](crate::ErrorKind::NotFound) if the
    /// server lacks this route.
    ///
    /// # Examples
    /// ```
    /// # use popup_rewards::{sandbox::Sandbox, *};
    /// # let sandbox = Sandbox::start()?;
    /// # let session = sandbox.session();
    /// session.service_status()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn service_status(&self) -> Result<()> {
        self.execute(&Request::new(STATUS))
    }
}
