"""The API's own types, where what is stored is not what is shown: no secrets, no raw rows, all ids as ids."""
